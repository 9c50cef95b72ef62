/** The objects of this project as the API's client takes them. */
import type { V1Namespace, V1Pod } from "@kubernetes/client-node";
import type { Namespace, Pod } from "./types.ts";

type Writable<T> = { -readonly [Key in keyof T]: Writable<T[Key]> };

/** A copy that the client may write to; that it is a pod of the API is checked by the compiler. */
export const apiPod = (pod: Pod): V1Pod => structuredClone(pod) as Writable<Pod>;

export const apiNamespace = (namespace: Namespace): V1Namespace => structuredClone(namespace) as Writable<Namespace>;
