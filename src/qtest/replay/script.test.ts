import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScript } from './script.ts';

const texts = (text: string): string[] => parseScript(text).commands.map((command) => command.text);

test('the form of bug trackers: a heredoc, a pipe, continued lines', () => {
  const script = parseScript(`Reproducer:
cat << EOF | ./build/qemu-system-x86_64 -display none \\
-machine accel=qtest, -m 512M -device "igb,netdev=n0" \\
-netdev user,id=n0 -qtest stdio 2>/dev/null
outl 0xcf8 0x80000810

writel  0xe0000000 0x1
EOF
something after`);
  assert.deepEqual(script.words, [
    ...['-display', 'none', '-machine', 'accel=qtest,', '-m', '512M', '-device', 'igb,netdev=n0'],
    ...['-netdev', 'user,id=n0', '-qtest', 'stdio'],
  ]);
  assert.deepEqual(
    script.commands.map(({ line, text }) => [line, text]),
    [
      [5, 'outl 0xcf8 0x80000810'],
      [7, 'writel 0xe0000000 0x1'],
    ],
  );
});

test('commands alone, comments, logs of the protocol', () => {
  assert.equal(parseScript('readl 0x0\n').words, undefined);
  assert.deepEqual(texts('# a remark\nreadl 0x0\r\n[R +0.000100] writel 0x0 0x1\n[S +0.000200] OK\nOK 0x1\n'), [
    'readl 0x0',
    'writel 0x0 0x1',
  ]);
});

test('a program without a heredoc, an unended heredoc, a quoted marker', () => {
  assert.deepEqual(parseScript('./qemu-system-x86_64 -M q35 < input\nreadl 0x0').words, ['-M', 'q35']);
  assert.deepEqual(texts("cat <<'END' | qemu-system-x86_64 -M q35\nreadl 0x0"), ['readl 0x0']);
});

test('expectations belong to the command before', () => {
  const [command] = parseScript('readl 0x0\n# expect OK 0x1\n').commands;
  assert.equal(command?.expected, 'OK 0x1');
});
