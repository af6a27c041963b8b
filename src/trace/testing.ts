/** A driver on a port whose trace is a real one, in virtual time, for tests. */
import { pf } from '../devices/igb/tables/index.ts';
import { TestDriver } from '../devices/igb/testing-driver.ts';
import { makeTestPort, type TestPort } from '../devices/igb/testing-port.ts';
import type { TraceRecord } from './record.ts';
import { makeTraceMemory, TraceReader, TraceWriter } from './ring.ts';
import { selectEvents } from './select.ts';

export interface TracedDriver extends TestPort {
  readonly driver: TestDriver;
  /** What has been traced since the last call. */
  records(): TraceRecord[];
  /** What a driver does at the end of its interrupt: vector 1 is unmasked. */
  handle(): void;
}

/** A driver after open, its link up, all of that forgotten; every event is on. */
export function openTracedDriver(): TracedDriver {
  const memory = makeTraceMemory();
  const clock = { now: () => 0 };
  const trace = new TraceWriter(memory, () => clock.now());
  const made = makeTestPort({ interrupts: 'msix', port: { trace } });
  clock.now = () => made.context.clock.now();
  const driver = new TestDriver(made, 'msix');
  driver.probe();
  driver.open();
  driver.sleep(1000);
  driver.read(pf.ICR);
  driver.write(pf.EIMS, 3);
  selectEvents(memory, ['*']);
  const reader = new TraceReader(memory);
  return {
    ...made,
    driver,
    records: () => [...reader.drain()],
    handle: () => {
      driver.receiveAll();
      driver.write(pf.EIMS, 2);
    },
  };
}
