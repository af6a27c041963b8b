import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLoop } from '../linux/index.ts';
import type { WirePort } from '../ports/index.ts';
import { parseNetdev } from '../wires/index.ts';
import { Netdevs } from './netdevs.ts';

/** A port that keeps what it gets, on a NIC with the netdevs. */
function setUp(...texts: readonly string[]) {
  const loop = new EventLoop();
  const netdevs = new Netdevs(texts.map(parseNetdev), loop, () => undefined);
  let carriers = 0;
  const port: WirePort = {
    canReceive: () => true,
    receive: () => undefined,
    carrierChanged: () => (carriers += 1),
  };
  netdevs.wires[0]!.plug(port);
  const end = (): void => {
    netdevs.close();
    loop.close();
  };
  return { netdevs, carriers: () => carriers, send: (length: number) => sendTo(netdevs, length), end };
}

const sendTo = ({ wires }: Netdevs, length: number): void => wires[0]!.send(new Uint8Array(2000), 0, length, undefined);

test('a NIC without a netdev is plugged into the first that comes, and unplugged when that goes', () => {
  const { netdevs, carriers, end } = setUp();
  assert.equal(netdevs.wires[0]!.carrier, false);
  netdevs.add(parseNetdev('hubport,id=h0,hubid=0'));
  assert.deepEqual([netdevs.own[0], netdevs.wires[0]!.carrier, carriers()], ['h0', true, 1]);
  netdevs.add(parseNetdev('hubport,id=h1,hubid=0'));
  assert.equal(netdevs.own[0], 'h0', 'it stays where it is');
  assert.equal(netdevs.remove('h0'), true);
  assert.equal(netdevs.own[0], 'h1');
  assert.equal(netdevs.remove('h1'), true);
  assert.deepEqual([netdevs.own[0], netdevs.wires[0]!.carrier, carriers()], [undefined, false, 3]);
  assert.equal(netdevs.remove('h1'), false);
  end();
});

test('a wire is put into a hub while the NIC runs: the NIC moves over, and frames pass', () => {
  const { netdevs, send, end } = setUp('hubport,id=wire,hubid=7');
  send(100);
  netdevs.add(parseNetdev('hubport,id=nic,hubid=0'));
  assert.equal(netdevs.own[0], 'wire');
  netdevs.add(parseNetdev('hubport,id=bridge,hubid=0,netdev=wire'));
  assert.equal(netdevs.own[0], 'nic');
  send(200);
  const sent = (id: string): number =>
    netdevs.list().find(({ options }) => options.id === id)!.counters['packetsSent']!;
  assert.deepEqual([sent('nic'), sent('wire')], [1, 2]);
  assert.equal(netdevs.remove('bridge'), true);
  send(300);
  assert.deepEqual([netdevs.own[0], sent('nic'), sent('wire')], ['nic', 2, 2], 'nothing joins them any more');
  netdevs.remove('nic');
  send(400);
  assert.deepEqual([netdevs.own[0], sent('wire')], ['wire', 3]);
  end();
});

test('what cannot be is refused, and changes nothing', () => {
  const { netdevs, end } = setUp('hubport,id=a,hubid=0', 'hubport,id=b,hubid=1,netdev=a', 'hubport,id=c,hubid=1');
  for (const wrong of [
    'hubport,id=a,hubid=0',
    'hubport,id=d,hubid=0,netdev=nothing',
    'hubport,id=d,hubid=0,netdev=b',
    'hubport,id=d,hubid=0,netdev=a',
    'tap,id=d,ifname=no/such',
  ])
    assert.throws(() => netdevs.add(parseNetdev(wrong)), { name: 'NicError' }, wrong);
  assert.deepEqual(
    netdevs.list().map(({ options, own }) => [options.id, own]),
    [
      ['a', false],
      ['c', true],
      ['b', false],
    ],
  );
  netdevs.remove('a');
  assert.deepEqual(
    netdevs.list().map(({ options }) => options.id),
    ['c'],
    'what was connected to it is gone with it',
  );
  end();
});

test('a NIC of two ports has two wires, in the order of its netdevs; each stays when the other goes', () => {
  const loop = new EventLoop();
  const netdevs = new Netdevs(
    ['hubport,id=a,hubid=0', 'hubport,id=b,hubid=1'].map(parseNetdev),
    loop,
    () => undefined,
    2,
  );
  assert.deepEqual(netdevs.own, ['a', 'b']);
  netdevs.remove('a');
  assert.deepEqual(netdevs.own, [undefined, 'b']);
  netdevs.add(parseNetdev('hubport,id=c,hubid=2'));
  assert.deepEqual(netdevs.own, ['c', 'b']);
  netdevs.wires[1]!.send(new Uint8Array(100), 0, 60, undefined);
  assert.deepEqual(
    netdevs.list().map(({ options, counters, own }) => [options.id, counters['packetsSent'], own]),
    [
      ['b', 1, true],
      ['c', 0, true],
    ],
  );
  netdevs.close();
  loop.close();
});
