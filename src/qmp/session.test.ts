import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { QmpError } from './errors.ts';
import { QmpSession, type QmpCommand } from './session.ts';

function setUp(commands: Readonly<Record<string, QmpCommand>>) {
  const told: Record<string, unknown>[] = [];
  const bugs: unknown[] = [];
  const session = new QmpSession({
    version: { qemu: { major: 11, minor: 1, micro: 0 } },
    commands: new Map(Object.entries(commands)),
    send: (text) => told.push(JSON.parse(text) as Record<string, unknown>),
    errorClasses: { NO_DEVICE: 'DeviceNotFound' },
    onBug: (error) => bugs.push(error),
  });
  session.greet();
  const take = (): Record<string, unknown>[] => told.splice(0);
  take();
  return { session, take, bugs };
}

const negotiation = '{"execute":"qmp_capabilities"}';
const refusal = (error: object, id?: unknown): object => ({ error, ...(id === undefined ? {} : { id }) });

test("errors have QEMU's classes, and the id of what they answer", () => {
  const { session, take, bugs } = setUp({
    find: () => {
      throw Object.assign(new Error("Device 'x' not found"), { code: 'NO_DEVICE' });
    },
    refuse: () => {
      throw new QmpError('GenericError', 'no');
    },
    break: () => {
      throw new TypeError('undefined is not a function');
    },
  });
  const ask = (text: string): unknown[] => {
    session.received(text);
    return take();
  };
  const desc = (text: string): string => (ask(text)[0] as { error: { desc: string } }).error.desc;
  assert.match(desc('{"execute":"find"}'), /capabilities negotiation/);
  assert.deepEqual(ask('{"execute":"qmp_capabilities","id":{"a":[1]}}'), [{ return: {}, id: { a: [1] } }]);
  assert.deepEqual(ask('{"execute":"find","id":7}'), [
    refusal({ class: 'DeviceNotFound', desc: "Device 'x' not found" }, 7),
  ]);
  assert.deepEqual(ask('{"execute":"refuse"}'), [refusal({ class: 'GenericError', desc: 'no' })]);
  assert.deepEqual(ask('{"execute":"nothing"}'), [
    refusal({ class: 'CommandNotFound', desc: 'The command nothing has not been found' }),
  ]);
  assert.deepEqual(bugs, []);
  assert.match(desc('{"execute":"break"}'), /not a function/);
  assert.equal(bugs.length, 1);
  for (const wrong of [
    '{]}',
    '[]\n',
    '{"execute":1}',
    '{}',
    '{"execute":"find","args":{}}',
    '{"execute":"find","arguments":[]}',
  ])
    assert.equal(typeof desc(wrong), 'string', wrong);
});

test('commands are done one after the other; what happens meanwhile is told after the answer', async () => {
  const order: string[] = [];
  let release = (): void => undefined;
  const { session, take } = setUp({
    slow: async () => {
      await new Promise<void>((resolve) => (release = resolve));
      order.push('slow');
    },
    quick: () => void order.push('quick'),
  });
  session.event('EARLY');
  session.received(negotiation);
  take();
  session.received('{"execute":"slow","id":1}{"execute":"quick","id":2}');
  session.event('STOP', { a: 1 });
  assert.ok(session.busy);
  assert.deepEqual(take(), []);
  release();
  await turn();
  assert.deepEqual(order, ['slow', 'quick']);
  const [first, event, second, ...more] = take();
  assert.deepEqual([first, second, more], [{ return: {}, id: 1 }, { return: {}, id: 2 }, []]);
  assert.equal(event!['event'], 'STOP');
});
