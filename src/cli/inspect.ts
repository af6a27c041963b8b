/** `--inspect`: Node's inspector, as `node --inspect` opens it. The device's thread shows there as a worker, with source maps. */
import { NicError } from '../nic/errors.ts';

const DEFAULT = '127.0.0.1:9229';

/** Takes `[HOST:]PORT`; throws NicError. Gives what ends it: a process would wait for its debuggers to leave. */
export async function openInspector(text: string | true): Promise<() => void> {
  const [, host = '127.0.0.1', port] = /^(?:(.+):)?(\d+)$/.exec(text === true ? DEFAULT : text) ?? [];
  if (port === undefined || Number(port) > 0xffff)
    throw new NicError('INVALID', `--inspect ${String(text)}: give it as [HOST:]PORT, such as ${DEFAULT}`);
  const { open, close } = await import('node:inspector');
  open(Number(port), host);
  return close;
}
