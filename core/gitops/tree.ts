/** What planning asks of a checkout; paths are relative to it, with `/`. */
export interface Tree {
  /** The file's text, or undefined where there is none. */
  read(path: string): string | undefined;
  /** Paths of all files below a directory, at any depth; none where there is no such directory. */
  files(directory: string): string[];
}

/** One file before and after; undefined: not there. */
export interface Change {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}
