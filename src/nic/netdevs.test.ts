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
  netdevs.wire.plug(port);
  const end = (): void => {
    netdevs.close();
    loop.close();
  };
  return { netdevs, carriers: () => carriers, send: (length: number) => sendTo(netdevs, length), end };
}

const sendTo = ({ wire }: Netdevs, length: number): void => wire.send(new Uint8Array(2000), 0, length, undefined);

test('a NIC without a netdev is plugged into the first that comes, and unplugged when that goes', () => {
  const { netdevs, carriers, end } = setUp();
  assert.equal(netdevs.wire.carrier, false);
  netdevs.add(parseNetdev('hubport,id=h0,hubid=0'));
  assert.deepEqual([netdevs.own, netdevs.wire.carrier, carriers()], ['h0', true, 1]);
  netdevs.add(parseNetdev('hubport,id=h1,hubid=0'));
  assert.equal(netdevs.own, 'h0', 'it stays where it is');
  assert.equal(netdevs.remove('h0'), true);
  assert.equal(netdevs.own, 'h1');
  assert.equal(netdevs.remove('h1'), true);
  assert.deepEqual([netdevs.own, netdevs.wire.carrier, carriers()], [undefined, false, 3]);
  assert.equal(netdevs.remove('h1'), false);
  end();
});

test('a wire is put into a hub while the NIC runs: the NIC moves over, and frames pass', () => {
  const { netdevs, send, end } = setUp('hubport,id=wire,hubid=7');
  send(100);
  netdevs.add(parseNetdev('hubport,id=nic,hubid=0'));
  assert.equal(netdevs.own, 'wire');
  netdevs.add(parseNetdev('hubport,id=bridge,hubid=0,netdev=wire'));
  assert.equal(netdevs.own, 'nic');
  send(200);
  const sent = (id: string): number =>
    netdevs.list().find(({ options }) => options.id === id)!.counters['packetsSent']!;
  assert.deepEqual([sent('nic'), sent('wire')], [1, 2]);
  assert.equal(netdevs.remove('bridge'), true);
  send(300);
  assert.deepEqual([netdevs.own, sent('nic'), sent('wire')], ['nic', 2, 2], 'nothing joins them any more');
  netdevs.remove('nic');
  send(400);
  assert.deepEqual([netdevs.own, sent('wire')], ['wire', 3]);
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
