/** Which settings belong to a daemon of the user's own, and are a mistake elsewhere. */

/** @param given an operator's input, checked or not */
export function driverFaults(given: unknown): { readonly key: string; readonly remedy: string }[] {
  const { driver, command, markerFile } = (given ?? {}) as Readonly<Record<string, unknown>>;
  if (driver === "command")
    return command === undefined || isBlank(command)
      ? [{ key: "command", remedy: 'give the shell command of your daemon, such as exec bindfs -f "$SOURCE" "$MOUNT"' }]
      : [];
  return Object.entries({ command, markerFile }).flatMap(([key, value]) =>
    typeof value === "string" && value !== ""
      ? [{ key, remedy: "it belongs to your own daemon: set driver to command, or leave it out" }]
      : [],
  );
}

const isBlank = (value: unknown): boolean => typeof value === "string" && value.trim() === "";
