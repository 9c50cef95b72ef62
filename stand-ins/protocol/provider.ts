/** What a provider of this room has to answer. */
import type { Change, PropertyPath } from "./paths.ts";
import type { Bag } from "./values.ts";

export interface CheckRequest {
  readonly name: string;
  readonly type: string;
  readonly olds: Bag;
  readonly news: Bag;
}

export interface CheckAnswer {
  readonly inputs: Bag;
  readonly failures: readonly { readonly property: string; readonly reason: string }[];
}

export interface DiffRequest {
  readonly type: string;
  readonly oldInputs: Bag;
  readonly news: Bag;
}

export interface DiffAnswer {
  readonly changes: readonly (Change & { readonly replace: boolean })[];
  readonly deleteBeforeReplace: boolean;
}

/** What every operation on one resource knows. */
export interface Operation {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  /** Seconds from the resource's `customTimeouts`; 0 when none is set. */
  readonly timeoutSeconds: number;
}

export interface CreateRequest extends Operation {
  readonly inputs: Bag;
  readonly preview: boolean;
}

export interface UpdateRequest extends Operation {
  readonly id: string;
  readonly oldOutputs: Bag;
  readonly inputs: Bag;
  readonly preview: boolean;
}

export interface ReadRequest extends Operation {
  readonly id: string;
  /** Both empty when the resource is being imported. */
  readonly oldInputs: Bag;
  readonly oldOutputs: Bag;
}

export interface DeleteRequest extends Operation {
  readonly id: string;
  readonly inputs: Bag;
  readonly outputs: Bag;
}

export interface Provider {
  readonly name: string;
  /** @param settings the provider's own inputs; booleans and objects arrive as JSON text. */
  configure(settings: Bag): Promise<void>;
  check(request: CheckRequest): Promise<CheckAnswer>;
  diff(request: DiffRequest): DiffAnswer;
  create(request: CreateRequest): Promise<{ readonly id: string; readonly outputs: Bag }>;
  /** An object that is gone yields undefined. */
  read(request: ReadRequest): Promise<{ readonly id: string; readonly outputs: Bag; readonly inputs: Bag } | undefined>;
  update(request: UpdateRequest): Promise<Bag>;
  delete(request: DeleteRequest): Promise<void>;
  /** Aborts what is under way; resolves once it has been signalled, not once it has ended. */
  cancel(): Promise<void>;
  /** Outputs that are secret although no input at the same path is. */
  secretOutputs(outputs: Bag, hasSecretInputs: boolean): readonly PropertyPath[];
}

/** How a provider speaks to the user while it works. */
export interface Reporter {
  /** A line of progress, shown live and not kept. */
  status(urn: string, message: string): void;
}

/** The resource exists, but is not usable: the engine keeps it in its state and tries an update next time. */
export class NotReadyError extends Error {
  readonly id: string;
  readonly outputs: Bag;
  readonly reasons: readonly string[];

  constructor(id: string, outputs: Bag, reasons: readonly string[]) {
    super(reasons.join("\n"));
    this.id = id;
    this.outputs = outputs;
    this.reasons = reasons;
  }
}
