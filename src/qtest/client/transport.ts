/** Whoever answers QTest commands: a machine in this process, or a program at the other end of a socket. */
export interface QTestTransport {
  /** Sends one command; its answer without newline, `OK …`, `FAIL …` or `ERR …`. */
  ask(command: string): string;
  /** Sends commands together; their answers in order. */
  askAll(commands: readonly string[]): string[];
  /** Lines that came without being asked for, `IRQ …`, since the last call. */
  takeMessages(): string[];
  close(): void;
}

/** A command was refused. */
export class QTestRefusal extends Error {
  constructor(command: string, answer: string) {
    super(`${command.slice(0, 80)}: ${answer}`);
    this.name = 'QTestRefusal';
  }
}

/** What follows OK; throws QTestRefusal for any other answer. */
export function valueOf(command: string, answer: string): string {
  if (answer === 'OK') return '';
  if (!answer.startsWith('OK ')) throw new QTestRefusal(command, answer);
  return answer.slice(3);
}
