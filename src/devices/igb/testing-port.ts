/** A whole port among fakes, for tests. Apart from testing.ts, which the blocks' own tests use. */
import { PHY_ADDRESS } from './link/mdic.ts';
import { IgbPort, type IgbPortOptions } from './port.ts';
import { pf } from './tables/index.ts';
import { makeTestContext, type TestContext, type TestContextOptions } from './testing.ts';

export const TEST_MAC = Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56);

export interface TestPort {
  readonly port: IgbPort;
  /** The fakes, with the port's own registers. */
  readonly context: TestContext;
}

export interface TestPortOptions {
  /** What differs from an ordinary port. */
  readonly port?: Partial<IgbPortOptions>;
  readonly cold?: boolean;
}

/** A port after power-on whose link is up but for CTRL.SLU; with `cold`, before auto-negotiation is done. */
export function makeTestPort(options: TestContextOptions & TestPortOptions = {}): TestPort {
  const outside = makeTestContext(options);
  const { clock, tasks, trace, wire, memory, interruptPorts } = outside;
  const { capture } = options;
  const outsidePorts = { clock, tasks, trace, wire, capture, memory, interruptPorts };
  const port = new IgbPort({ ...outsidePorts, mac: TEST_MAC, ...options.port });
  if (options.cold !== true) clock.advance(1e9);
  return {
    port,
    context: {
      ...outside,
      ...port.context,
      clock,
      tasks,
      trace,
      wire,
      memory: outside.memory,
      interruptPorts: outside.interruptPorts,
    },
  };
}

/** Reads a PHY register as drivers do: MDIC must be ready at once, without an error. */
export function mdicRead(port: IgbPort, register: number): number {
  return mdic(port, pf.MDIC.OP_READ.mask | (register << pf.MDIC.REGADD.shift)) & pf.MDIC.DATA.mask;
}

export function mdicWrite(port: IgbPort, register: number, value: number): void {
  mdic(port, pf.MDIC.OP_WRITE.mask | (register << pf.MDIC.REGADD.shift) | value);
}

function mdic(port: IgbPort, command: number): number {
  port.write(pf.MDIC.at, command | (PHY_ADDRESS << pf.MDIC.PHYADD.shift));
  const answer = port.read(pf.MDIC.at);
  expectBits('MDIC', answer, pf.MDIC.READY.mask | pf.MDIC.ERROR.mask, pf.MDIC.READY.mask);
  return answer;
}

/** Reads an NVM word as drivers do. */
export function eerdRead(port: IgbPort, word: number): number {
  port.write(pf.EERD.at, (word << pf.EERD.ADDR.shift) | pf.EERD.START.mask);
  const answer = port.read(pf.EERD.at);
  expectBits('EERD', answer, pf.EERD.DONE.mask, pf.EERD.DONE.mask);
  return answer >>> pf.EERD.DATA.shift;
}

/** Fails the test where a register does not answer as every driver needs it. */
export function expectBits(name: string, value: number, mask: number, expected: number): void {
  if ((value & mask) !== (expected & mask)) throw new Error(`${name} reads ${value.toString(16)}`);
}
