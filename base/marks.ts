/** The marks of a line for people, by what it tells. */
export const MARKS = { success: "√", failure: "×", inconclusive: "‼" } as const;
