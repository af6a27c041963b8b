/** Registers with a behaviour that no driver here uses. */
import assert from 'node:assert/strict';
import { ethernet, MULTICAST } from '../frames.ts';
import { conformance } from '../suite.ts';
import type { Station } from '../station.ts';

const NANOSECONDS = 0x0180_0000;
const DONE = 2;

function nvmRead(station: Station, word: number): number {
  station.set('EERD', (word << 2) | 1);
  return station.get('EERD') >>> 16;
}

conformance(
  'EEWR writes a word of the NVM',
  { area: 'NVM', evidence: 'ds-mem', expect: { qemu: 'q-eewr' } },
  (station) => {
    const word = 0x3a;
    const before = nvmRead(station, word);
    const write = (value: number): number => {
      station.set('EEWR', ((value << 16) | (word << 2) | 1) >>> 0);
      return station.get('EEWR') & (DONE | 1);
    };
    const status = write(before ^ 0x5a5a);
    const after = nvmRead(station, word);
    write(before);
    assert.deepEqual([status, after, nvmRead(station, word)], [DONE, before ^ 0x5a5a, before]);
  },
);

conformance(
  'a storm of multicast begins beyond MSCTRH',
  { area: 'rates and storms', evidence: '02 ds-mem', expect: { qemu: 'q-storm' } },
  (station) => {
    const SCE = 1 << 25;
    const { rx } = station.open({ rctl: 1 << 4, rx: { size: 32 } });
    station.set('MSCTRH', 10);
    station.set('SCCRL', 2 | (1000 << 8));
    for (let n = 0; n < 10; n += 1) station.wire.send(ethernet(MULTICAST));
    assert.deepEqual([rx.take().length, station.get('ICR') & SCE], [10, 0]);
    station.wire.send(ethernet(MULTICAST));
    station.wire.send(ethernet(MULTICAST));
    assert.deepEqual([rx.take().length, station.get('ICR') & SCE], [0, SCE]);
  },
);

conformance(
  'RXSATRL and RXSATRH: whose message was stamped, and which',
  { area: 'time stamps', evidence: '08 §8.7', expect: { qemu: 'q-rx-source' } },
  (station) => {
    station.open({ rctl: 1 << 4 });
    station.set('TIMINCA', NANOSECONDS);
    station.set('ETQF', 0x4400_88f7, 3);
    station.set('TSYNCRXCTL', 0x1a);
    const header = [0, 2, 0, 44, ...Array.from({ length: 40 }, (_, n) => n + 4)];
    station.wire.send(ethernet('01:1b:19:00:00:00', { type: 0x88f7, payload: header, length: 64 }));
    // Bytes 20 to 25 of the message, and the sequence number at 30, as they come.
    assert.deepEqual([station.get('RXSATRL'), station.get('RXSATRH')], [0x1716_1514, 0x1f1e_1918]);
  },
);
