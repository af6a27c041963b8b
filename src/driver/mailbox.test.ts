/** The accesses of both ends, in the order of the drivers: what a device may rely on (reference §7.5, §7.6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RegisterBus } from './bus.ts';
import { PfMailboxes, VfMailbox } from './mailbox.ts';

/** A bus that answers reads by what it was told and else by 0, and notes every access. */
function recording(answers: Readonly<Record<number, readonly number[]>>) {
  const log: string[] = [];
  const left = new Map(Object.entries(answers).map(([offset, values]) => [Number(offset), [...values]]));
  const bus: RegisterBus = {
    read32: (offset) => {
      log.push(`R ${offset.toString(16)}`);
      return left.get(offset)?.shift() ?? 0;
    },
    write32: (offset, value) => void log.push(`W ${offset.toString(16)}=${value.toString(16)}`),
  };
  return { bus, log };
}

const messageOf = (vf: number, access: 'R' | 'W', count: number, values: readonly string[] = []) =>
  Array.from({ length: count }, (_, n) => {
    const offset = (0x800 + 0x40 * vf + 4 * n).toString(16);
    return access === 'R' ? `R ${offset}` : `W ${offset}=${values[n]!}`;
  });

test('the PF looks for requests, acknowledgements and resets, and clears only its bit', () => {
  const { bus, log } = recording({ 0xc80: [0x0005_0006, 0x0005_0006], 0xc88: [0xff, 0xfd] });
  const mailboxes = new PfMailboxes(bus);
  assert.equal(mailboxes.takeRequest(2), true);
  assert.equal(mailboxes.takeAcknowledgement(1), false);
  assert.equal(mailboxes.takeReset(3), true);
  assert.equal(mailboxes.takeReset(1), false);
  assert.deepEqual(log, ['R c80', 'W c80=4', 'R c80', 'R c88', 'W c88=8', 'R c88']);
});

test('the PF reads: lock, sixteen dwords, ACK, which releases', () => {
  const { bus, log } = recording({ 0xc0c: [8] });
  assert.equal(new PfMailboxes(bus).read(3, new Uint32Array(16)), true);
  assert.deepEqual(log, ['W c0c=8', 'R c0c', ...messageOf(3, 'R', 16), 'W c0c=2']);
});

test('the PF writes: lock, what the VF had posted is flushed, the message, STS, which releases', () => {
  const { bus, log } = recording({ 0xc04: [8], 0xc80: [2, 0x2_0000] });
  assert.equal(new PfMailboxes(bus).write(1, Uint32Array.of(0xa, 0xb, 0xc), 2), true);
  assert.deepEqual(log, [
    ...['W c04=8', 'R c04', 'R c80', 'W c80=2', 'R c80', 'W c80=20000'],
    ...messageOf(1, 'W', 2, ['a', 'b']),
    'W c04=1',
  ]);
});

test('while the VF owns the buffer the PF leaves it alone', () => {
  const { bus, log } = recording({ 0xc00: [4, 4] });
  const mailboxes = new PfMailboxes(bus);
  assert.equal(mailboxes.read(0, new Uint32Array(16)), false);
  assert.equal(mailboxes.write(0, new Uint32Array(16), 1), false);
  assert.deepEqual(log, ['W c00=8', 'R c00', 'W c00=8', 'R c00']);
});

test('the VF writes: lock, both marks are flushed, the message, REQ, which releases', () => {
  const { bus, log } = recording({ 0xc40: [0x34, 0, 0, 0] });
  const mailbox = new VfMailbox(bus);
  assert.equal(mailbox.write([1, 2]), true);
  const own = ['W 800=1', 'W 804=2'];
  assert.deepEqual(log, ['W c40=4', 'R c40', 'R c40', 'R c40', ...own, 'W c40=1']);
  assert.equal(mailbox.takeAcknowledgement() || mailbox.takeMessage(), false);
});

test('the VF reads: lock, the dwords, ACK; a lock that is refused leaves everything', () => {
  const { bus, log } = recording({ 0xc40: [4, 8], 0x800: [0x11] });
  const mailbox = new VfMailbox(bus);
  assert.deepEqual(mailbox.read(1), [0x11]);
  assert.equal(mailbox.read(1), undefined);
  assert.deepEqual(log, ['W c40=4', 'R c40', 'R 800', 'W c40=2', 'W c40=4', 'R c40']);
});

test('the VF remembers marks that a read cleared, until it asks for them, and RSTI not', () => {
  const { bus } = recording({ 0xc40: [0x70, 0, 0, 0x80, 0, 0] });
  const mailbox = new VfMailbox(bus);
  assert.equal(mailbox.takeMessage(), true);
  assert.equal(mailbox.takeAcknowledgement(), true);
  assert.equal(mailbox.takeReset(), false, 'RSTI is not remembered');
  assert.equal(mailbox.takeMessage(), false);
  assert.equal(mailbox.takeReset(), true, 'RSTD is');
  assert.equal(mailbox.takeReset(), false);
});
