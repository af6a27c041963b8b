import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from './command-line.ts';

const parse = (text: string) => parseCommandLine(text.split(' '));

test('the command line that libqtest gives', () => {
  const line = parse(
    '-qtest unix:/t/q.sock -qtest-log /dev/null -chardev socket,path=/t/q.qmp,id=char0 -mon chardev=char0,mode=control' +
      ' -display none -audio none -M pc -device igb,netdev=hs0 -netdev socket,fd=7,id=hs0 -accel qtest',
  );
  assert.equal(line.machine, 'pc');
  assert.deepEqual(line.qtest, { kind: 'unix', path: '/t/q.sock', server: false });
  assert.deepEqual(line.qmp, [{ kind: 'unix', path: '/t/q.qmp', server: false }]);
  assert.equal(line.devices[0]?.driver === 'igb' && line.devices[0].netdev, 'hs0');
});

test('the spellings of fuzzers and reports', () => {
  const line = parse(
    '-machine q35,accel=qtest -m 512M -nodefaults -device igb,addr=0x06,mac=52:54:00:00:00:01 -qtest stdio',
  );
  assert.equal(line.machine, 'q35');
  assert.equal(line.ramBytes, 2 ** 29);
  assert.equal(line.defaults, false);
  assert.equal(line.devices[0]?.slot, 6);
  assert.equal(parse('-M pc-q35-5.0').machine, 'q35');
  assert.equal(parse('-machine accel=qtest, -M pc-i440fx-9.2').machine, 'pc');
  assert.equal(parse('-m size=2G').ramBytes, 2 ** 31);
});

test('what is not known is one error, never passed over', () => {
  for (const text of [
    ...[
      '-cpu host',
      '-qtset stdio',
      '-machine microvm',
      '-device e1000e',
      '-device igb,nettdev=x',
      '-device igb,netdev=x',
    ],
    ...[
      '-netdev user,id=x,hostfwd=tcp::1-:2',
      '-m 0',
      '-m 1P',
      '-serial stdio',
      '-object rng-random,id=r',
      '-accel kvm',
    ],
    ...[
      '-mon chardev=none,mode=control',
      '-device igb,addr=20',
      '-device igb,addr=4.1',
      '-machine none -device igb',
      'stdio',
      '-m',
    ],
    '-netdev user,id=a -netdev user,id=a',
  ])
    assert.throws(
      () => parse(text),
      (error: Error & { code?: string }) => /^(QTEST|NETDEV)_/.test(error.code ?? '') && !error.message.includes('\n'),
      text,
    );
});
