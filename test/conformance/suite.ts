/** Declaration of cases, and what comes of one on a machine. */
import { AssertionError } from 'node:assert';
import type { CardKind, ConformanceMachine, DriverName } from './machine.ts';
import { Station } from './station.ts';

export interface CaseOptions {
  /** Part of the chip: the rows of the table that a run prints. */
  readonly area: string;
  /** Where the expectation comes from: section of the reference, and who relies on it. */
  readonly evidence: string;
  /** The card that it is about; a copper port where not given. Drivers that have no such card cannot run it. */
  readonly card?: CardKind;
  /** Drivers on which the case must fail, each with the id of the row in docs/fidelity.md that says why. */
  readonly expect?: Partial<Readonly<Record<DriverName, string>>>;
  /** Drivers that cannot have what the case is about, each with the reason. */
  readonly without?: Partial<Readonly<Record<DriverName, string>>>;
}

export interface Case extends CaseOptions {
  readonly name: string;
  readonly body: (station: Station) => void;
}

const declared: Case[] = [];

/** Declares a case. Its body gets a freshly reset machine and throws an AssertionError where the device does otherwise. */
export function conformance(name: string, options: CaseOptions, body: (station: Station) => void): void {
  const full = `${options.area}: ${name}`;
  if (declared.some((other) => other.name === full)) throw new Error(`two cases are called "${full}"`);
  declared.push({ ...options, name: full, body });
}

/** All cases declared so far, in their order. */
export function allCases(): readonly Case[] {
  return declared;
}

export type Outcome =
  | { readonly kind: 'passed' }
  /** Failed, as the named row says. */
  | { readonly kind: 'differs'; readonly row: string; readonly error: AssertionError }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Tries on a machine whose clock runs on while the case looks: the host may take a moment away from it. */
const REAL_TIME_TRIES = 3;

/** Runs a case. An expected difference that is none any more is a failure, and so is an error that is no assertion's. */
export function runCase(machine: ConformanceMachine, { body, expect, without }: Case): Outcome {
  const reason = without?.[machine.driver];
  if (reason !== undefined) return { kind: 'skipped', reason };
  const row = expect?.[machine.driver];
  let error: unknown;
  for (let left = machine.realTime ? REAL_TIME_TRIES : 1; left > 0; left -= 1) {
    try {
      machine.reset();
      body(new Station(machine));
    } catch (thrown) {
      error = thrown;
      if (thrown instanceof AssertionError && row === undefined) continue;
      break;
    }
    if (row === undefined) return { kind: 'passed' };
    error = new Error(`no difference any more: row ${row} of docs/fidelity.md says that this fails`);
    return { kind: 'failed', error };
  }
  if (row !== undefined && error instanceof AssertionError) return { kind: 'differs', row, error };
  return { kind: 'failed', error };
}

/** Gives a driver's machine with such a card; undefined where it has none. */
export type Opener = (card: CardKind) => ConformanceMachine | undefined | Promise<ConformanceMachine | undefined>;

/** The machines of a driver, each made when a case first wants it. */
export class Machines {
  readonly #open: Opener;
  readonly #opened: Map<CardKind, ConformanceMachine | undefined>;

  constructor(open: Opener) {
    this.#open = open;
    this.#opened = new Map();
  }

  async of(card: CardKind): Promise<ConformanceMachine | undefined> {
    if (!this.#opened.has(card)) this.#opened.set(card, await this.#open(card));
    return this.#opened.get(card);
  }

  async run(one: Case): Promise<Outcome> {
    const { card = 'copper' } = one;
    const machine = await this.of(card);
    if (machine === undefined) return { kind: 'skipped', reason: `there is no card with ${card} here` };
    return runCase(machine, one);
  }

  async close(): Promise<void> {
    for (const machine of this.#opened.values()) await machine?.close();
  }
}
