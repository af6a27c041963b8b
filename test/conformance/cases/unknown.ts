/** What the chip has and nobody has described: registers answer a driver that probes them, and frames stay as they are. */
import assert from 'node:assert/strict';
import { pf } from '../../../src/devices/igb/tables/index.ts';
import { ethernet, packet, STATION, STRANGER } from '../frames.ts';
import { phyRead, phyWrite } from '../phy.ts';
import { L4, TX } from '../rings.ts';
import { conformance } from '../suite.ts';

const area = 'DCA, MACsec, IPsec, cable test';
const absent = { qemu: 'q-registers-absent' } as const;
/** Of a context: IPsec by ESP, with encryption; of data: POPTS.IPSEC, and the MACsec bit. */
const ESP = 1 << 13;
const ENCRYPT = 1 << 14;
const POPTS_IPSEC = 1 << 10;
const MACSEC = 1 << 18;
const DESCRIPTOR_DCA = 1 << 5;

conformance('the capabilities of MACsec are none', { area, evidence: 'own' }, (station) => {
  assert.deepEqual([station.get('LSECTX'), station.get('LSECRX')], [0, 0]);
});

for (const name of [
  'IPSRXIDX',
  'IPSRXSALT',
  'IPSRXSPI',
  'IPSRXKEY',
  'IPSRXIPADDR',
  'IPSTXIDX',
  'IPSTXSALT',
  'IPSTXKEY',
] as const)
  conformance(`${name} keeps what is written`, { area, evidence: '02 §2.15', expect: absent }, (station) => {
    station.set(name, 0x1234_5678);
    assert.equal(station.get(name), 0x1234_5678);
  });

conformance('DCA: no provider, hints are kept', { area, evidence: '08 §8.9, linux' }, (station) => {
  assert.equal(station.get('DCA_ID'), 0);
  station.change('TXCTL', 0, DESCRIPTOR_DCA);
  assert.equal(station.get('TXCTL') & DESCRIPTOR_DCA, DESCRIPTOR_DCA);
});

conformance('DCA hints change no frame', { area, evidence: '08 §8.9' }, (station) => {
  const { tx, rx } = station.open();
  station.set('DCA_CTRL', 2);
  station.set('TXCTL', 0x0100_00e0);
  station.set('RXCTL', 0x0100_00e0);
  const frame = ethernet(STRANGER, { length: 100 });
  tx.send(frame);
  assert.deepEqual(station.wire.take(), [frame]);
  station.wire.send(ethernet(STATION));
  assert.equal(rx.take().length, 1);
});

conformance('a packet for IPsec goes out as it is', { area, evidence: '03 §3.2' }, (station) => {
  const { tx } = station.open();
  const frame = packet({ to: STRANGER, from: STATION, payload: [1, 2, 3, 4, 5, 6] });
  tx.post((14 << 9) | 20, 5, TX.CONTEXT | (1 << 10) | (L4.tcp << 11) | ESP | ENCRYPT, 0);
  tx.send(frame, 0, POPTS_IPSEC);
  assert.deepEqual(station.wire.take(), [frame]);
});

conformance('a packet for MACsec goes out as it is', { area, evidence: '03 §3.2' }, (station) => {
  const { tx } = station.open();
  const frame = ethernet(STRANGER, { length: 90 });
  tx.send(frame, MACSEC);
  assert.deepEqual(station.wire.take(), [frame]);
});

conformance('a frame of MACsec, or of ESP, arrives as it is', { area, evidence: 'own' }, (station) => {
  const { rx } = station.open();
  const frames = [ethernet(STATION, { type: 0x88e5, length: 80 }), packet({ payload: [9, 9, 9, 9, 9, 9] })];
  frames[1]![23] = 50;
  for (const frame of frames) station.wire.send(frame);
  assert.deepEqual(rx.frames(), frames);
  assert.equal(station.get('ICR') & pf.ICR.MACSEC.mask, 0);
});

conformance(
  'PHY registers where a cable test may be read 0, and take no write',
  { area, evidence: 'own' },
  (station) => {
    for (const register of [22, 23, 24, 26, 28, 29, 30]) {
      phyWrite(station.pf, register, 0x1357);
      assert.equal(phyRead(station.pf, register), 0);
    }
  },
);
