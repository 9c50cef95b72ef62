/** A fix as things to copy: commands that help at once, and files that make it last. */

export interface NodeFile {
  readonly path: string;
  readonly text: string;
  readonly executable?: boolean;
}

export interface Remedy {
  /** Stable: the kind of node that it is for. */
  readonly id: string;
  readonly title: string;
  /** Commands for root on the node, which help until its next boot. */
  readonly now: readonly string[];
  /** What makes it last. */
  readonly files: readonly NodeFile[];
  /** Commands that put the files into force. */
  readonly after: readonly string[];
  readonly remarks: readonly string[];
  /** Whether the end-to-end tests have applied the files as they are printed. */
  readonly tried: boolean;
  /** Where it is from: `owner/repo#N`, or an address. */
  readonly sources: readonly string[];
}

/** What a node says of itself; empty where it says nothing, or may not be asked. */
export interface NodeWords {
  readonly osImage: string;
  readonly kernel: string;
  readonly kubelet: string;
  readonly providerId: string;
  /** `key=value` */
  readonly labels: readonly string[];
  readonly kubeletRoot: string;
}
