/** A machine in this process, without sockets: for tests in milliseconds. */
import type { Machine } from '../machine/machine.ts';
import { QTestCommands } from '../protocol/commands.ts';
import type { QTestTransport } from './transport.ts';

export class MachineTransport implements QTestTransport {
  readonly #commands: QTestCommands;
  #messages: string[];

  constructor(machine: Machine) {
    this.#messages = [];
    this.#commands = new QTestCommands(machine, (text) => this.#messages.push(text.trimEnd()));
  }

  ask(command: string): string {
    return this.#commands.execute(command).trimEnd();
  }

  askAll(commands: readonly string[]): string[] {
    return commands.map((command) => this.ask(command));
  }

  takeMessages(): string[] {
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }

  close(): void {
    // Nothing is held.
  }
}
