/** Milliseconds between two looks at who started us. */
const EVERY_MS = 500;

/**
 * Ends this plugin when the engine that started it is gone: one that was killed cannot tell its plugins to stop, and they
 * would wait for it for ever.
 *
 * @param stop what is under way is ended first
 */
export function endWithParent(stop: () => Promise<unknown> = async () => {}): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    void stop().finally(() => process.exit(1));
  }, EVERY_MS);
  timer.unref();
}
