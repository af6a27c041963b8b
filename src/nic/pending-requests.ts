/** The main thread's side of `nic.request`: who waits for which answer. */
import { NicError } from './errors.ts';
import type { Failure } from './messages.ts';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The error that a device thread told. */
export function errorOf({ code, message, stack }: Failure): NicError {
  const error = new NicError(code, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

export class PendingRequests {
  readonly #waiting: Map<number, Waiting>;
  #last: number;
  #ended: boolean;

  constructor() {
    this.#waiting = new Map();
    this.#last = 0;
    this.#ended = false;
  }

  /** Has `post` send the request under a number of its own. */
  make(post: (request: number) => void): Promise<unknown> {
    if (this.#ended) return Promise.reject(ended());
    this.#last += 1;
    const request = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject });
      post(request);
    });
  }

  answered(request: number, result: unknown): void {
    this.#take(request)?.resolve(result);
  }

  refused(request: number, failure: Failure): void {
    this.#take(request)?.reject(errorOf(failure));
  }

  /** Nobody answers any more. */
  end(): void {
    this.#ended = true;
    for (const { reject } of this.#waiting.values()) reject(ended());
    this.#waiting.clear();
  }

  #take(request: number): Waiting | undefined {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    return waiting;
  }
}

const ended = (): NicError => new NicError('NIC_ENDED', 'the NIC has ended');
