/** Amounts of memory and of processor time, as Kubernetes writes them. */

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const QUANTITY = /^[+]?(\d+[.]?\d*|[.]\d+)(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/;
const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** Not a number where it is no quantity, or less than nothing. */
export function quantity(text: string): number {
  const [, digits, exponent, suffix = ""] = QUANTITY.exec(text) ?? [];
  if (exponent !== undefined) return Number(digits) * 10 ** Number(exponent);
  const binary = BINARY.indexOf(suffix);
  return Number(digits) * (binary >= 0 ? 1024 ** binary : 1000 ** (DECIMAL.indexOf(suffix) - DECIMAL.indexOf("")));
}
