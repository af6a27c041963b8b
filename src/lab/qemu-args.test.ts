import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryArguments, qemuCommand, quoted, vfioUserArguments } from './qemu-args.ts';
import { hierarchyRefusal, parseQemuVersion } from './qemu.ts';

test('the device is given as JSON, the form that takes a socket', () => {
  const [option, value] = vfioUserArguments('/run/a "b".sock');
  assert.equal(option, '-device');
  assert.deepEqual(JSON.parse(value!), { driver: 'vfio-user-pci', socket: { type: 'unix', path: '/run/a "b".sock' } });
});

test('guest memory is a shared memfd of the size of the machine', () => {
  const line = memoryArguments(384).join(' ');
  assert.match(line, /-M q35,memory-backend=m0 -m 384M/);
  assert.match(line, /memory-backend-memfd,id=m0,size=384M,share=on/);
});

test('a printed command survives the shell', () => {
  assert.equal(quoted('a=b,c'), 'a=b,c');
  assert.equal(quoted(`it's {"x"}`), `'it'\\''s {"x"}'`);
  assert.equal(qemuCommand('qemu', ['-M', 'q35', '-device', '{"a":1}']), `qemu \\\n  -M q35 \\\n  -device '{"a":1}'`);
});

// The layout of DMA_WRITE changed between QEMU's first releases with vfio-user and 11.1.
test('a hierarchy needs QEMU 11.1, and the reason is said', () => {
  assert.deepEqual(parseQemuVersion('QEMU emulator version 11.1.3 (Debian 1:11.1.3+ds-1)'), [11, 1]);
  assert.equal(parseQemuVersion('something else'), undefined);
  assert.equal(hierarchyRefusal([11, 1]), undefined);
  assert.equal(hierarchyRefusal([12, 0]), undefined);
  assert.match(hierarchyRefusal([11, 0])!, /only function attachments/);
  assert.match(hierarchyRefusal([10, 1])!, /only function attachments/);
  assert.match(hierarchyRefusal([7, 2])!, /no vfio-user client/);
});
