import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cards } from '../cards.ts';
import { makeBench } from '../testing.ts';
import { MachineWire, OpenCable } from '../wires.ts';
import { makeQTestSession } from './session.ts';

function setUp(type: 'pc' | 'q35' = 'pc') {
  const { machine, ask } = makeBench({ type, slot: 4 });
  const lines: string[] = [];
  const cards = new Cards(machine, new Map([['n0', new MachineWire(new OpenCable())]]));
  let quits = 0;
  const session = makeQTestSession(
    { machine, addDevice: (device) => void cards.add(device, true), quit: () => (quits += 1), onBug: assert.ifError },
    (text) => lines.push(text),
  );
  machine.onDeleted = (id) => session.event('DEVICE_DELETED', { device: id });
  const take = (): Record<string, unknown>[] =>
    lines.splice(0).map((text) => JSON.parse(text) as Record<string, unknown>);
  const execute = (name: string, args?: object): Record<string, unknown>[] => {
    session.received(JSON.stringify({ execute: name, ...(args === undefined ? {} : { arguments: args }) }));
    return take();
  };
  session.greet();
  return { session, execute, take, ask, quits: () => quits };
}

test('greeting, negotiation, what exists', () => {
  const { execute, take } = setUp();
  assert.ok('QMP' in take()[0]!);
  assert.ok('error' in execute('query-machines')[0]!, 'first capabilities');
  assert.deepEqual(execute('qmp_capabilities'), [{ return: {} }]);
  const machines = execute('query-machines')[0]!['return'] as Record<string, unknown>[];
  assert.equal(machines.filter(({ alias }) => alias === 'pc').length, 1);
  // libqos reads them strictly: these members, all of them.
  for (const machine of machines)
    for (const key of ['name', 'cpu-max', 'hotpluggable-cpus', 'numa-mem-supported', 'deprecated', 'acpi'])
      assert.ok(key in machine, key);
  const types = execute('qom-list-types', { implements: 'device', abstract: true })[0]!['return'];
  assert.deepEqual(
    (types as { name: string }[]).map(({ name }) => name),
    ['igb', 'pcie-root-port'],
  );
  assert.match(JSON.stringify(execute('blockdev-add')), /CommandNotFound/);
});

test('a device is added, asked to go, and gone once the guest ejects it', () => {
  const { execute, take, ask } = setUp();
  execute('qmp_capabilities');
  take();
  assert.deepEqual(execute('device_add', { driver: 'igb', id: 'hot', addr: '0x06' }), [{ return: {} }]);
  assert.equal(ask('outl 0xcf8 0x80003000'), 'OK');
  assert.equal(ask('inl 0xcfc'), 'OK 0x10c98086');
  assert.deepEqual(execute('device_del', { id: 'hot' }), [{ return: {} }]);
  assert.equal(ask('inl 0xcfc'), 'OK 0x10c98086', 'the guest has not let go');
  assert.equal(ask('inl 0xae04'), 'OK 0x0040');
  assert.equal(ask('outl 0xae08 0x40'), 'OK');
  assert.equal(take()[0]!['event'], 'DEVICE_DELETED');
  assert.equal(ask('inl 0xcfc'), 'OK 0xffffffff');
  assert.match(JSON.stringify(execute('device_del', { id: 'hot' })), /DeviceNotFound/);
});

test('a netdev is free again once its device has gone', () => {
  const { execute, take, ask } = setUp();
  execute('qmp_capabilities');
  take();
  const device = { driver: 'igb', netdev: 'n0', addr: '6' };
  assert.deepEqual(execute('device_add', { ...device, id: 'a' }), [{ return: {} }]);
  assert.match(JSON.stringify(execute('device_add', { ...device, id: 'b', addr: '7' })), /in use/);
  execute('device_del', { id: 'a' });
  ask('outl 0xae08 0x40');
  take();
  assert.deepEqual(execute('device_add', { ...device, id: 'a' }), [{ return: {} }]);
});

test('what cannot be added is an answer', () => {
  const { execute, take } = setUp('q35');
  execute('qmp_capabilities');
  take();
  for (const args of [
    {},
    { driver: 'e1000e' },
    { driver: 'igb', addr: 'x' },
    { driver: 'igb', id: 'nic' },
    { driver: 'igb' },
    { driver: 7 },
  ])
    assert.ok('error' in execute('device_add', args)[0]!, JSON.stringify(args));
});

test('reset tells its event after its answer; quit ends', () => {
  const { execute, take, quits } = setUp();
  execute('qmp_capabilities');
  take();
  assert.deepEqual(
    execute('system_reset').map((message) => message['event'] ?? 'answer'),
    ['answer', 'RESET'],
  );
  execute('quit');
  assert.equal(quits(), 1);
});
