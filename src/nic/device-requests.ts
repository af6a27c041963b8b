/** The device thread's side of `nic.request`: runs commands as the device's own work, each in a turn of the loop. */
import { makeTask, type Task } from '../ports/index.ts';
import type { AssembledNic } from './assembled-nic.ts';
import { commands } from './commands/index.ts';
import type { FromDevice, RequestMessage } from './messages.ts';

type Run = (nic: AssembledNic, given: unknown) => unknown;

export class DeviceRequests {
  readonly #nic: AssembledNic;
  readonly #say: (message: FromDevice) => void;
  readonly #waiting: RequestMessage[];
  readonly #task: Task;

  constructor(nic: AssembledNic, say: (message: FromDevice) => void) {
    this.#nic = nic;
    this.#say = say;
    this.#waiting = [];
    this.#task = makeTask(() => this.#next());
  }

  /** Runs when the loop turns next; in order. */
  add(request: RequestMessage): void {
    this.#waiting.push(request);
    this.#nic.loop.mark(this.#task);
  }

  #next(): boolean {
    const request = this.#waiting.shift();
    if (request !== undefined) this.#answer(request);
    return this.#waiting.length > 0;
  }

  #answer({ request, command, given }: RequestMessage): void {
    const { pf, loop } = this.#nic;
    const { guard } = pf;
    loop.leaveOutTurn();
    const before = guard.beginWork();
    try {
      const result = (commands[command] as Run)(this.#nic, given);
      this.#say({ type: 'answer', request, result });
    } catch (error) {
      const { code, message, stack } = error as Error & { code?: unknown };
      const known = typeof code === 'string';
      const failure = { code: known ? code : 'INTERNAL', message, ...(known ? {} : { stack: String(stack) }) };
      this.#say({ type: 'refusal', request, failure });
    } finally {
      guard.endWork(before);
    }
  }
}
