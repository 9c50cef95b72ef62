/**
 * Stands, in the types alone, for every word that the contract does not list: a probe of another version may write it, or
 * somebody who labels pods of their own. At run time such a word keeps its own text. No code may compare with this one; so a
 * comparison with a word that is not listed does not compile, and a word that is not listed equals no listed one.
 */
export type Unlisted = "(unlisted)";
