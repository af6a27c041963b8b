/** A whole port among fakes, for tests. Apart from testing.ts, which the blocks' own tests use. */
import { IgbPort } from './port.ts';
import { makeTestContext, type TestContext, type TestContextOptions } from './testing.ts';

export const TEST_MAC = Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56);

export interface TestPort {
  readonly port: IgbPort;
  /** The fakes, with the port's own registers. */
  readonly context: TestContext;
}

/** A port after power-on whose link is up but for CTRL.SLU; with `cold`, before auto-negotiation is done. */
export function makeTestPort(options: TestContextOptions & { portNumber?: number; cold?: boolean } = {}): TestPort {
  const outside = makeTestContext(options);
  const { clock, tasks, trace, wire, memory, interruptPorts } = outside;
  const portNumber = options.portNumber ?? 0;
  const port = new IgbPort({ clock, tasks, trace, wire, memory, interruptPorts, mac: TEST_MAC, portNumber });
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
