/** Pods as manifests describe them: what each container mounts, of which volume, and where it runs. */
import { listed, POD_SPEC_PATHS } from "../rules/kinds.ts";

/** A map of a manifest, of which nothing is known. */
export type Fields = Readonly<Record<string, unknown>>;

/** An object, and where it was read. */
export interface Manifest {
  readonly file: string;
  readonly object: unknown;
}

/** What a volume is, as far as two pods can share it. */
export type Source =
  | { readonly kind: "hostPath"; readonly path: string; readonly type: string }
  | { readonly kind: "claim"; readonly name: string }
  | { readonly kind: "emptyDir" }
  | { readonly kind: "other" };

export interface WorkloadMount {
  /** Below the object: `spec.template.spec.containers[0].volumeMounts[1]`. */
  readonly at: string;
  readonly volume: string;
  readonly source: Source;
  /** Of the volume in the object. */
  readonly volumeAt: string;
  readonly path: string;
  /** None where the field is missing. */
  readonly propagation: string;
  /** Empty where the whole volume is mounted. */
  readonly subPath: string;
  readonly readOnly: boolean;
  /** Empty where the field is missing. */
  readonly recursiveReadOnly: string;
  readonly fields: Fields;
}

export interface WorkloadContainer {
  readonly at: string;
  readonly name: string;
  readonly image: string;
  /** Command and arguments, as they stand. */
  readonly words: readonly string[];
  readonly env: Fields;
  readonly privileged: boolean;
  readonly capabilities: readonly string[];
  /** Names of the resources that it asks for. */
  readonly resources: readonly string[];
  readonly mounts: readonly WorkloadMount[];
  readonly fields: Fields;
  /** It ends before the pod's containers start. */
  readonly init: boolean;
}

export interface Workload {
  readonly file: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  /** `Deployment media/sonarr`. */
  readonly object: string;
  /** The path of the pod's spec in the object. */
  readonly at: string;
  readonly labels: Fields;
  readonly spec: Fields;
  readonly containers: readonly WorkloadContainer[];
  readonly replicas: number;
}

/** Every pod, or template of pods, of these objects. What is no manifest of one is left out. */
export const workloadsOf = (manifests: readonly Manifest[]): Workload[] =>
  manifests.flatMap(({ file, object }) => objectsIn(object).flatMap((one) => workloadOf(file, one) ?? []));

function objectsIn(object: unknown): Fields[] {
  const fields = mapOf(object);
  if (listed(stringOf(fields.kind)) === undefined) return [fields];
  return listOf(fields.items).flatMap(objectsIn);
}

function workloadOf(file: string, object: Fields): Workload | undefined {
  const kind = stringOf(object.kind);
  const path = POD_SPEC_PATHS[kind];
  if (!path) return undefined;
  const metadata = mapOf(object.metadata);
  const spec = dig(object, path);
  if (!Array.isArray(spec.containers)) return undefined;
  const template = dig(object, path.slice(0, -1));
  const [name, namespace] = [stringOf(metadata.name), stringOf(metadata.namespace) || "default"];
  const at = path.join(".");
  const { replicas } = mapOf(object.spec);
  return {
    file,
    kind,
    name,
    namespace,
    object: `${kind} ${namespace}/${name}`,
    at,
    labels: mapOf(mapOf(template.metadata).labels),
    spec,
    containers: containersOf(spec, at),
    replicas: typeof replicas === "number" ? replicas : 1,
  };
}

function containersOf(spec: Fields, at: string): WorkloadContainer[] {
  const volumes = new Map(
    listOf(spec.volumes).map((volume, index) => {
      const fields = mapOf(volume);
      return [stringOf(fields.name), { source: sourceOf(fields), at: `${at}.volumes[${index}]` }];
    }),
  );
  return (["initContainers", "containers"] as const).flatMap((list) =>
    listOf(spec[list]).map((container, index) => {
      const fields = mapOf(container);
      const here = `${at}.${list}[${index}]`;
      const security = mapOf(fields.securityContext);
      const resources = mapOf(fields.resources);
      return {
        at: here,
        name: stringOf(fields.name),
        image: stringOf(fields.image),
        words: [...listOf(fields.command), ...listOf(fields.args)].map(stringOf),
        env: Object.fromEntries(listOf(fields.env).map((one) => [stringOf(mapOf(one).name), mapOf(one).value])),
        privileged: security.privileged === true,
        capabilities: listOf(mapOf(security.capabilities).add).map(stringOf),
        resources: [resources.limits, resources.requests].flatMap((one) => Object.keys(mapOf(one))),
        mounts: listOf(fields.volumeMounts).map((mount, nth) =>
          mountOf(mapOf(mount), `${here}.volumeMounts[${nth}]`, volumes),
        ),
        fields,
        // A native sidecar goes on.
        init: list === "initContainers" && fields.restartPolicy !== "Always",
      };
    }),
  );
}

function mountOf(
  fields: Fields,
  at: string,
  volumes: ReadonlyMap<string, { readonly source: Source; readonly at: string }>,
): WorkloadMount {
  const volume = stringOf(fields.name);
  const found = volumes.get(volume);
  return {
    at,
    volume,
    source: found?.source ?? { kind: "other" },
    volumeAt: found?.at ?? "",
    path: normal(stringOf(fields.mountPath)),
    propagation: stringOf(fields.mountPropagation) || "None",
    subPath: stringOf(fields.subPath) || stringOf(fields.subPathExpr),
    readOnly: fields.readOnly === true,
    recursiveReadOnly: stringOf(fields.recursiveReadOnly),
    fields,
  };
}

function sourceOf(volume: Fields): Source {
  if (volume.hostPath !== undefined) {
    const { path, type } = mapOf(volume.hostPath);
    return { kind: "hostPath", path: normal(stringOf(path)), type: stringOf(type) };
  }
  if (volume.persistentVolumeClaim !== undefined)
    return { kind: "claim", name: stringOf(mapOf(volume.persistentVolumeClaim).claimName) };
  return { kind: volume.emptyDir === undefined ? "other" : "emptyDir" };
}

/** A path with single slashes and none at its end. */
export const normal = (path: string): string => path.replace(/\/+/g, "/").replace(/(?<=.)\/$/, "");

/** Whether a path is a directory or lies below it. */
export const within = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);

const dig = (object: Fields, path: readonly string[]): Fields =>
  path.reduce<Fields>((fields, key) => mapOf(fields[key]), object);

export const mapOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const stringOf = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
