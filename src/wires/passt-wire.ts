import { type ChildProcess, spawn } from 'node:child_process';
import { close, streamPair, SystemError } from '../linux/index.ts';
import { StreamWire } from './stream-wire.ts';
import type { WireContext } from './wire.ts';

/** passt's own words. */
export interface PasstSettings {
  /** The program; `passt` from PATH unless set. */
  readonly path?: string | undefined;
  readonly quiet?: boolean | undefined;
  readonly mtu?: number | undefined;
  readonly address?: string | undefined;
  readonly netmask?: string | undefined;
  readonly gateway?: string | undefined;
  readonly interface?: string | undefined;
  readonly dns?: string | undefined;
  readonly 'tcp-ports'?: string | undefined;
  readonly 'udp-ports'?: string | undefined;
}

/** Settings that are passed on under their names, each with its value. */
const PASSED_ON = ['mtu', 'address', 'netmask', 'gateway', 'interface', 'dns', 'tcp-ports', 'udp-ports'] as const;

/** User-mode networking: a passt process on the other end of a socket pair. It ends with the wire, and the wire with it. */
export class PasstWire extends StreamWire {
  private readonly child: ChildProcess;

  constructor(context: WireContext, settings: PasstSettings) {
    const [ours, theirs] = streamPair();
    const program = settings.path ?? 'passt';
    let child: ChildProcess;
    try {
      child = spawn(program, argumentsOf(settings), { stdio: ['ignore', 'ignore', 'pipe', theirs] });
    } catch (error) {
      close(ours);
      throw error;
    } finally {
      close(theirs);
    }
    if (child.pid === undefined) {
      close(ours);
      child.on('error', () => undefined);
      child.stderr?.destroy();
      throw new SystemError('ENOENT', 'spawn', `${program} did not start: install passt, or name it with path=`);
    }
    super(context, { address: { type: 'fd', fd: ours }, server: false, reconnectMs: 0 });
    this.child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.log(`passt: ${text.trim()}`));
    child.on('error', (error) => this.log(`passt: ${error.message}`));
    // Neither the process nor its output keeps ours alive.
    child.unref();
    (child.stderr as { unref?: () => void } | null)?.unref?.();
  }

  override close(): void {
    super.close();
    this.child.kill('SIGTERM');
  }
}

function argumentsOf(settings: PasstSettings): string[] {
  const result = ['--foreground', '--one-off', '--fd', '3'];
  if (settings.quiet ?? true) result.push('--quiet');
  for (const key of PASSED_ON) {
    const value = settings[key];
    if (value !== undefined) result.push(`--${key}`, String(value));
  }
  return result;
}
