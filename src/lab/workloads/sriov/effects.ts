import { describeError, LabError } from '../../errors.ts';
import type { Report } from '../../cache.ts';
import type { WorkloadContext } from '../../workload.ts';

/** Whether something that a user sets has the effect that it should, as the JSON has it. */
export interface Effect {
  readonly name: string;
  readonly ok: boolean;
  /** What was measured, or what went wrong. */
  readonly detail: string;
}

/** Tries one thing after another, each as a step, and goes on where one fails. */
export class Effects {
  readonly #context: Pick<WorkloadContext, 'step' | 'keep'>;
  readonly #effects: Effect[];

  constructor(context: Pick<WorkloadContext, 'step' | 'keep'>) {
    this.#context = context;
    this.#effects = [];
  }

  async try(name: string, work: (report: Report) => Promise<unknown>): Promise<void> {
    let detail = '';
    try {
      await this.#context.step(name, (report) =>
        work((text) => {
          detail = text;
          report(text);
        }),
      );
      this.#effects.push({ name, ok: true, detail });
    } catch (error) {
      if (!(error instanceof LabError) || ['QEMU_GONE', 'CANCELLED', 'AGENT_SILENT'].includes(error.code)) throw error;
      this.#effects.push({ name, ok: false, detail: describeError(error) });
    }
  }

  /** Keeps what was found; fails where something failed. */
  finish(): void {
    this.#context.keep({ effects: this.#effects });
    const failed = this.#effects.filter(({ ok }) => !ok);
    if (failed.length > 0)
      throw new LabError(
        'EFFECTS',
        `${failed.length} of ${this.#effects.length} failed: ${failed.map(({ name }) => name).join('; ')}`,
      );
  }
}

/** Fails with a message unless something is so. */
export function mustBe(condition: boolean, message: string): void {
  if (!condition) throw new LabError('EFFECT', message);
}
