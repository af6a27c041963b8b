/** The lint of a NIC: on or off, and what it found since it was switched on last. */
import type { PortContext } from '../devices/igb/context.ts';
import { findingLine, Lint, type LintReport } from '../lint/index.ts';
import type { TraceWriter } from '../trace/ring.ts';

export interface NicLintReport extends LintReport {
  readonly on: boolean;
}

export interface NicLintOptions {
  readonly trace: TraceWriter;
  readonly ports: readonly PortContext[];
  /** Takes a line for each new finding. */
  readonly log: (line: string) => void;
}

export class NicLint {
  readonly #options: NicLintOptions;
  #lint: Lint | undefined;
  #last: LintReport;

  constructor(options: NicLintOptions) {
    this.#options = options;
    this.#lint = undefined;
    this.#last = { findings: [], unlisted: 0 };
  }

  /** Begins anew, unless it is on; what was found stays to be seen when it is switched off. */
  set(on: boolean): void {
    if (on === (this.#lint !== undefined)) return;
    const { trace, ports, log } = this.#options;
    if (on) this.#lint = new Lint(trace, ports, (finding) => log(findingLine(finding)));
    else {
      this.#last = this.#lint!.report();
      this.#lint!.close();
      this.#lint = undefined;
    }
  }

  report(): NicLintReport {
    return { on: this.#lint !== undefined, ...(this.#lint?.report() ?? this.#last) };
  }
}
