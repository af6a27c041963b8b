import type { GuestResult } from '../../agent.ts';
import { LabError } from '../../errors.ts';
import type { ExternalHost } from '../../external-host.ts';
import type { VirtualMachine } from '../../virtual-machine.ts';

/** A machine whose shell can be used: a guest, or the external host. */
export interface Place {
  readonly name: string;
  /** A folder of the place for files of its own. */
  readonly folder: string;
  /** Runs a shell script, whatever its exit status. */
  try(script: string, timeoutMs?: number): Promise<GuestResult>;
  /** Starts a command that goes on in the background until the place ends. */
  start(command: string): Promise<void>;
}

/** Runs a shell script; a status other than 0 is an error that quotes what it wrote. */
export async function mustRun(place: Place, script: string, timeoutMs?: number): Promise<string> {
  const result = await place.try(script, timeoutMs);
  if (result.status === 0) return result.stdout;
  const wrote = `${result.stderr}\n${result.stdout}`.trim().split('\n').slice(-3).join(' / ');
  throw new LabError('GUEST_COMMAND', `${place.name}: "${script.slice(0, 200)}" ended with ${result.status}: ${wrote}`);
}

export class GuestPlace implements Place {
  readonly name: string;
  readonly folder: string;
  readonly machine: VirtualMachine;

  constructor(name: string, machine: VirtualMachine) {
    this.name = name;
    this.folder = '/run/matrix';
    this.machine = machine;
  }

  try(script: string, timeoutMs?: number): Promise<GuestResult> {
    return this.machine.try(script, timeoutMs);
  }

  start(command: string): Promise<void> {
    return this.machine.agent.start(`${command} > /dev/null 2>&1 < /dev/null`);
  }
}

/** The external host; its programs may come from the lab's packages. */
export class HostPlace implements Place {
  readonly name: string;
  readonly folder: string;
  readonly host: ExternalHost;

  constructor(host: ExternalHost, folder: string) {
    this.name = 'external host';
    this.folder = folder;
    this.host = host;
  }

  try(script: string, timeoutMs?: number): Promise<GuestResult> {
    return this.host.shell(script, timeoutMs);
  }

  start(command: string): Promise<void> {
    return this.host.start(command);
  }
}
