/** An interrupted run has this long to end what it started; then the process goes, and the kernel ends the rest. */
const limitMs = 4000;

/**
 * Calls `cancel` once on SIGINT, SIGTERM or SIGHUP and then ends the process with the status that a shell expects. A
 * second signal ends it at once. Returns what takes the handlers back.
 */
export function onInterrupt(cancel: () => Promise<void>): () => void {
  const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
  let caught = false;
  const handle = (signal: NodeJS.Signals): void => {
    const status = 128 + numbers[signal as keyof typeof numbers];
    if (caught) process.exit(status);
    caught = true;
    process.stderr.write('\ninterrupted; ending guests and the external host\n');
    setTimeout(() => process.exit(status), limitMs).unref();
    const end = (): never => process.exit(status);
    cancel().then(end, end);
  };
  const names = Object.keys(numbers) as (keyof typeof numbers)[];
  for (const name of names) process.on(name, handle);
  return () => {
    for (const name of names) process.off(name, handle);
  };
}
