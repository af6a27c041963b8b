import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { buildFrame } from '../../../packet/testing.ts';
import { pf } from '../tables/index.ts';
import { ReceiveHarness, STATUS, setAllPools } from './testing.ts';

const { ETQF, FTQF, IMIR, IMIREXT, IMIRVP, MRQC, RFCTL, SYNQF, VMOLR } = pf;

const ANY =
  FTQF.VF_BP.mask |
  FTQF.MASK_PROTOCOL.mask |
  FTQF.MASK_SOURCE.mask |
  FTQF.MASK_DESTINATION.mask |
  FTQF.MASK_SOURCE_PORT.mask;
const ANY_EXTENSION = IMIREXT.SIZE_BP.mask | IMIREXT.CTRL_BP.mask;

/** Addresses and ports of `buildFrame`, as drivers write them: the first byte on the wire lowest. */
const SOURCE = 0x0100000a;
const DESTINATION = 0x0200000a;
const SOURCE_PORT = 0x8813;
const DESTINATION_PORT = 0x5000;

let rx: ReceiveHarness;

beforeEach(() => {
  rx = new ReceiveHarness();
  for (let queue = 0; queue < 16; queue += 1) rx.ring(queue);
});

/** A filter that compares nothing but what `differs` says, to `queue`, as DPDK writes it. */
function filter(entry: number, queue: number, differs: Partial<Record<'ftqf' | 'imir' | 'ext', number>> = {}): void {
  rx.set('FTQF', ((differs.ftqf ?? ANY) | FTQF.QUEUE_ENABLE.mask | (queue << FTQF.QUEUE.shift)) >>> 0, entry);
  rx.set('IMIR', (differs.imir ?? IMIR.PORT_BP.mask) >>> 0, entry);
  rx.set('IMIREXT', differs.ext ?? ANY_EXTENSION, entry);
}

/** Queues that a frame reaches. */
function queuesOf(frame: Uint8Array): number[] {
  for (let queue = 0; queue < 16; queue += 1) rx.set('RDH', 0, queue);
  rx.receive(frame);
  return rx.movedQueues();
}

const tcp = buildFrame();
const udp = buildFrame({ protocol: 'udp' });
const syn = buildFrame({ flags: 2 });

test('each part of a 5-tuple is compared unless it is masked', () => {
  rx.set('SAQF', SOURCE);
  rx.set('DAQF', DESTINATION);
  rx.set('SPQF', SOURCE_PORT);
  const compared = [
    [FTQF.MASK_PROTOCOL.mask, 6],
    [FTQF.MASK_SOURCE.mask, 0],
    [FTQF.MASK_DESTINATION.mask, 0],
    [FTQF.MASK_SOURCE_PORT.mask, 0],
  ] as const;
  for (const [mask, protocol] of compared) {
    filter(0, 9, { ftqf: (ANY & ~mask) | protocol });
    assert.deepEqual(queuesOf(tcp), [9]);
  }
  filter(0, 9, { ftqf: FTQF.VF_BP.mask | 6, imir: DESTINATION_PORT });
  assert.deepEqual(queuesOf(tcp), [9]);
  for (const name of ['SAQF', 'DAQF', 'SPQF', 'IMIR'] as const) {
    const right = rx.get(name);
    rx.set(name, right ^ 1);
    assert.deepEqual(queuesOf(tcp), [0], name);
    rx.set(name, right);
  }
  assert.deepEqual(queuesOf(udp), [0], 'protocol');
  assert.deepEqual(queuesOf(buildFrame({ version: 6 })), [0], 'addresses are those of IPv4');
});

test('two parts of it are what later chips call a 2-tuple filter: protocol and destination port, IPv6 too', () => {
  filter(3, 12, { ftqf: (ANY & ~FTQF.MASK_PROTOCOL.mask) | 17, imir: DESTINATION_PORT });
  assert.deepEqual(queuesOf(udp), [12]);
  assert.deepEqual(queuesOf(buildFrame({ version: 6, protocol: 'udp' })), [12]);
  assert.deepEqual(queuesOf(tcp), [0]);
});

test('a fragment has no ports, and what is not IP matches no 5-tuple', () => {
  filter(0, 9, { imir: DESTINATION_PORT });
  const fragment = tcp.slice();
  fragment[20] = 0x20;
  assert.deepEqual(queuesOf(fragment), [0]);
  filter(0, 9);
  assert.deepEqual(queuesOf(fragment), [9]);
  const other = tcp.slice();
  other[12] = 0x12;
  assert.deepEqual(queuesOf(other), [0]);
});

test('IMIREXT: shorter than a size; one of some TCP flags', () => {
  filter(0, 9, { ext: IMIREXT.CTRL_BP.mask | 100 });
  assert.deepEqual(queuesOf(buildFrame({ payload: new Uint8Array(99 - 54) })), [9]);
  assert.deepEqual(queuesOf(buildFrame({ payload: new Uint8Array(100 - 54) })), [0]);
  const flags = [0x20, 0x10, 0x08, 0x04, 0x02, 0x01];
  const names = ['CTRL_URG', 'CTRL_ACK', 'CTRL_PSH', 'CTRL_RST', 'CTRL_SYN', 'CTRL_FIN'] as const;
  for (const [n, name] of names.entries()) {
    filter(0, 9, { ext: IMIREXT.SIZE_BP.mask | IMIREXT[name].mask });
    const hits = flags.filter((flag) => queuesOf(buildFrame({ flags: flag }))[0] === 9);
    assert.deepEqual(hits, [flags[n]], name);
  }
  assert.deepEqual(queuesOf(udp), [0]);
});

test('of several filters that match, the one of the highest IMIR priority, then the lowest', () => {
  filter(1, 4, { imir: IMIR.PORT_BP.mask | (2 << 29) });
  filter(5, 6, { imir: IMIR.PORT_BP.mask | (7 << 29) });
  filter(6, 7, { imir: IMIR.PORT_BP.mask | (7 << 29) });
  assert.deepEqual(queuesOf(tcp), [6]);
});

test('EtherType before everything; SYN after the 5-tuple, or before it with RFCTL.SYNQFP', () => {
  rx.set('SYNQF', SYNQF.ENABLE.mask | (3 << SYNQF.QUEUE.shift));
  assert.deepEqual([queuesOf(syn), queuesOf(tcp), queuesOf(buildFrame({ flags: 0x12 }))], [[3], [0], [0]]);
  filter(0, 9);
  assert.deepEqual(queuesOf(syn), [9]);
  rx.set('RFCTL', RFCTL.SYNQFP.mask);
  assert.deepEqual([queuesOf(syn), queuesOf(tcp)], [[3], [9]]);
  rx.set('ETQF', (ETQF.FILTER_ENABLE.mask | ETQF.QUEUE_ENABLE.mask | (5 << 16) | 0x800) >>> 0);
  assert.deepEqual(queuesOf(syn), [5]);
  rx.set('ETQF', ETQF.FILTER_ENABLE.mask | (5 << 16) | 0x800);
  assert.deepEqual(queuesOf(syn), [3], 'an EtherType filter that only marks');
});

test('the filters go before RSS', () => {
  rx.set('MRQC', 2 | MRQC.RSS_TCP_IPV4.mask | MRQC.RSS_IPV4.mask);
  for (let n = 0; n < 32; n += 1) rx.set('RETA', 0x01010101, n);
  assert.deepEqual(queuesOf(tcp), [1]);
  filter(0, 9);
  assert.deepEqual(queuesOf(tcp), [9]);
});

test('in pools a filter chooses between the two queues of a pool, and may hold for one pool only', () => {
  rx.set('MRQC', 3);
  rx.set('VT_CTL', pf.VT_CTL.REPL_EN.mask);
  rx.set('VFRE', 0xff);
  setAllPools(rx.values, (VMOLR.AUPE.mask | VMOLR.BAM.mask | VMOLR.STRCRC.mask) >>> 0);
  const broadcast = tcp.slice();
  broadcast.fill(0xff, 0, 6);
  filter(0, 1, { ftqf: (ANY & ~FTQF.VF_BP.mask) | (2 << FTQF.VF.shift) });
  assert.deepEqual(queuesOf(broadcast), [0, 1, 3, 4, 5, 6, 7, 10]);
  filter(0, 1);
  assert.deepEqual(queuesOf(broadcast), [8, 9, 10, 11, 12, 13, 14, 15]);
  filter(0, 2);
  assert.deepEqual(queuesOf(broadcast), [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('DYNINT says which frame asked for an immediate interrupt: by EtherType, 5-tuple or VLAN priority', () => {
  const asks = (frame: Uint8Array): boolean => {
    rx.set('RDH', 0);
    rx.receive(frame);
    return (rx.descriptor(0, 0).dwords[2]! & STATUS.DYNINT) !== 0;
  };
  assert.equal(asks(tcp), false);
  rx.set('ETQF', ETQF.FILTER_ENABLE.mask | ETQF.IMM_INT.mask | 0x86dd, 7);
  assert.deepEqual([asks(buildFrame({ version: 6 })), asks(tcp)], [true, false]);
  rx.set('IMIR', IMIR.IMM_INT_EN.mask | DESTINATION_PORT);
  rx.set('FTQF', ANY);
  rx.set('IMIREXT', ANY_EXTENSION);
  assert.equal(asks(tcp), true);
  rx.set('IMIR', 0);
  rx.set('IMIRVP', IMIRVP.VLAN_PRI_EN.mask | 5);
  rx.set('VET', 0x8100);
  assert.equal(asks(buildFrame({ tags: [0xa001] })), true);
  assert.equal(asks(buildFrame({ tags: [0x8001] })), false);
  assert.equal(asks(tcp), false);
});
