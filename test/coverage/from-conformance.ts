/** Accesses of the conformance suite on our device in this process. */
import '../conformance/cases/index.ts';
import type { RegisterBus } from '../../src/driver/index.ts';
import type { CardKind, ConformanceMachine, NicFunction } from '../conformance/machine.ts';
import { openInProcess } from '../conformance/machines/in-process.ts';
import { allCases, Machines } from '../conformance/suite.ts';
import { Touches, type WindowName } from './touches.ts';

/** A function whose register accesses are written down. */
class Recorded implements NicFunction {
  readonly #inner: NicFunction;
  readonly #window: WindowName;
  readonly #touches: Touches;

  constructor(inner: NicFunction, window: WindowName, touches: Touches) {
    this.#inner = inner;
    this.#window = window;
    this.#touches = touches;
  }

  read32(offset: number): number {
    this.#touches.read(this.#window, offset);
    return this.#inner.read32(offset);
  }

  write32(offset: number, value: number): void {
    this.#touches.write(this.#window, offset, value);
    this.#inner.write32(offset, value);
  }

  bar(index: number): RegisterBus {
    return this.#inner.bar(index);
  }

  configRead(offset: number, size: 1 | 2 | 4): number {
    return this.#inner.configRead(offset, size);
  }

  configWrite(offset: number, size: 1 | 2 | 4, value: number): void {
    this.#inner.configWrite(offset, size, value);
  }

  enableMsix(): void {
    this.#inner.enableMsix();
  }

  maskVector(vector: number, masked: boolean): void {
    this.#inner.maskVector(vector, masked);
  }

  isPending(vector: number): boolean {
    return this.#inner.isPending(vector);
  }

  takeVectors(): number[] {
    return this.#inner.takeVectors();
  }
}

function recorded(card: CardKind, touches: Touches): ConformanceMachine {
  const inner = openInProcess(card);
  const { second } = inner;
  return {
    driver: inner.driver,
    card,
    described: inner.described,
    realTime: inner.realTime,
    memory: inner.memory,
    wire: inner.wire,
    pf: new Recorded(inner.pf, 'pf', touches),
    second: second && new Recorded(second, 'pf', touches),
    wait: (durationNs) => inner.wait(durationNs),
    reset: () => inner.reset(),
    enableVfs: (count) => inner.enableVfs(count),
    vf: (index) => new Recorded(inner.vf(index), 'vf', touches),
    enableMsi: () => inner.enableMsi(),
    drivePin: (pin, level) => inner.drivePin?.(pin, level),
    close: () => inner.close(),
  };
}

export async function touchesOfConformance(): Promise<Touches> {
  const touches = new Touches();
  const machines = new Machines((card) => recorded(card, touches));
  for (const one of allCases()) await machines.run(one);
  return touches;
}
