/** What ethtool shows, each compared with what is known of the NIC. */
import { mustBe, type Effects } from '../sriov/effects.ts';
import { nicMac } from '../../nic-under-test.ts';
import type { Subject } from './subject.ts';
import { valueIn } from './subject.ts';

const pings = 20;
/** Vendor and device of the NVM: what igb wants before it writes (device id, then vendor id). */
const magic = '0x10c98086';
const editedByte = 0x80;
const identifySeconds = 2;

export async function reading(subject: Subject, effects: Effects): Promise<void> {
  await effects.try('-i: driver and what it supports', async () => {
    const text = await subject.ethtool('-i');
    mustBe(valueIn(text, 'driver') === 'igb', `driver ${valueIn(text, 'driver')}`);
    for (const what of ['statistics', 'test', 'eeprom-access', 'register-dump'])
      mustBe(valueIn(text, `supports-${what}`) === 'yes', `no ${what}`);
  });
  await effects.try('-P: the address of the NVM', async () => {
    const address = await subject.value('-P', 'Permanent address');
    mustBe(address === nicMac, address);
  });
  await effects.try('-S: packets are counted, by queue too', () => statistics(subject));
  await effects.try('-d: registers as they are', () => registers(subject));
  await effects.try('-e, -E: the NVM is read, written and read back', () => nvm(subject));
  await effects.try('-p: the LED blinks', () => identify(subject));
  await effects.try('-T: hardware time stamps and a clock', async () => {
    const text = await subject.ethtool('-T');
    mustBe(/hardware-transmit/.test(text) && /hardware-receive/.test(text), 'no hardware time stamps');
    const clock = valueIn(text, /(?:PTP Hardware Clock|Hardware timestamp provider index)/);
    mustBe(/^\d+$/.test(clock), `clock ${clock}`);
  });
  await effects.try('-t: online and offline self-test', async (report) => {
    await subject.selfTest('online');
    report(await subject.selfTest('offline'));
    await subject.scene.up();
    await subject.scene.mustPing(5);
  });
}

async function statistics(subject: Subject): Promise<void> {
  const grown = await subject.grown(() => subject.scene.mustPing(pings));
  for (const direction of ['rx', 'tx']) {
    const all = grown(`${direction}_packets`);
    mustBe(all >= pings && all < pings * 2, `${direction}_packets grew by ${all}`);
    const queues = grown(`${direction}_queue_0_packets`) + grown(`${direction}_queue_1_packets`);
    // The chip's counters are read every two seconds, those of the queues at once.
    mustBe(queues >= pings && queues < pings * 2, `the queues of ${direction} counted ${queues}`);
  }
}

async function registers(subject: Subject): Promise<void> {
  const text = await subject.ethtool('-d');
  const value = (name: string): number => Number(new RegExp(`${name} .*(0x[0-9A-F]+)$`, 'm').exec(text)?.[1]);
  mustBe((value('STATUS') & 0x83) === 0x83, 'STATUS shows no link of 1000 Mb/s, full duplex');
  mustBe((value('RCTL') & 2) !== 0 && (value('TCTL') & 2) !== 0, 'receive or transmit is off');
  mustBe(value('VET') === 0x8100, `VET is ${value('VET')}`);
}

async function byteAt(subject: Subject, offset: number): Promise<number> {
  const text = await subject.ethtool('-e', `offset ${offset} length 1`);
  return Number.parseInt(/^0x[0-9a-f]+:\s+([0-9a-f]{2})/m.exec(text)?.[1] ?? '', 16);
}

async function nvm(subject: Subject): Promise<void> {
  const head = await subject.ethtool('-e', 'length 6');
  const address = /0x0000:\s+((?:[0-9a-f]{2} ?){6})/.exec(head)?.[1]?.trim().replaceAll(' ', ':');
  mustBe(address === nicMac, `the NVM begins with ${address}`);
  const before = await byteAt(subject, editedByte);
  const other = before ^ 0xff;
  mustBe(await subject.refuses('-E', `magic 0x12345678 offset ${editedByte} value ${other}`), 'any magic will do');
  for (const value of [other, before]) {
    await subject.ethtool('-E', `magic ${magic} offset ${editedByte} value ${value}`);
    mustBe((await byteAt(subject, editedByte)) === value, `reads ${await byteAt(subject, editedByte)}, not ${value}`);
  }
}

async function identify(subject: Subject): Promise<void> {
  const { nic } = subject.scene;
  const changes = async (): Promise<number> => (await nic.statistics?.())?.['ledChanges'] ?? Number.NaN;
  const before = await changes();
  await subject.ethtool('-p', String(identifySeconds));
  const after = await changes();
  // QEMU's igb has no LED to look at.
  mustBe(nic.statistics === undefined || after - before >= 2, `the LED changed ${after - before} times`);
}
