/** Our device in this process, behind the QTest machine, in virtual time. */
import { MachineTransport } from '../../../src/qtest/client/index.ts';
import { KeptWire, makeBench, testMac } from '../../../src/qtest/testing.ts';
import type { CardKind, ConformanceMachine } from '../machine.ts';
import { PciNic } from './pci-nic.ts';
import { QTestPlatform } from './qtest-platform.ts';

const SLOT = 1;

/** `watched`: trace events that are on, by name. */
export function openInProcess(
  card: CardKind = 'copper',
  watched: readonly string[] = [],
  wire = new KeptWire(),
): ConformanceMachine {
  const { machine, trace } = makeBench({ igb: false, ramBytes: 2 ** 26 });
  machine.addRootPort({ id: 'rp', slot: SLOT });
  const { port } = machine.addIgb({ bus: 'rp' }, wire, testMac, {
    media: card === 'sfp' ? 'sfp' : 'copper',
    twoPorts: card === 'two ports',
  });
  for (const name of watched) trace.on[trace.names.indexOf(name)] = 1;
  const transport = new MachineTransport(machine);
  const far = {
    // As a wire does: what finds no room waits.
    waiting: [] as Uint8Array[],
    deliver(): boolean {
      const port = wire.port!;
      let some = false;
      while (this.waiting.length > 0 && port.canReceive()) {
        const frame = this.waiting.shift()!;
        port.receive(frame, 0, frame.length, undefined);
        some = true;
      }
      return some;
    },
    send(frame: Uint8Array): void {
      this.waiting.push(frame);
      this.deliver();
      machine.time.settle();
    },
    take: (): Uint8Array[] => wire.sent.splice(0),
  };
  machine.time.between = () => far.deliver();
  return new PciNic(
    new QTestPlatform({
      driver: 'process',
      card,
      described: 'our device in this process, virtual time',
      transport,
      wire: far,
      slot: SLOT,
      drivePin: (pin, level) => port.blocks.pins.drive(pin, level),
      close: () => transport.close(),
    }),
  );
}
