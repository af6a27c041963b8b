import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CommanderError, type Command } from 'commander';
import { configuration, type NicFlags } from './nic.ts';
import { makeProgram, type Actions } from './program.ts';
import { errorLine } from './report-error.ts';

/** Arguments of actions that have more than one. */
const counts: Readonly<Record<string, number>> = { run: 2, compare: 2, qemuArguments: 2, bench: 2, monitor: 3 };

/** What a command line comes to: the action and what it got, or what is printed instead. */
async function parsed(line: string): Promise<{ called: unknown[]; output: string; error: string; status: number }> {
  const called: unknown[] = [];
  const result = { called, output: '', error: '', status: 0 };
  const note =
    (name: string) =>
    (...values: unknown[]): Promise<void> =>
      Promise.resolve(void called.push(name, ...values.slice(0, counts[name] ?? 1)));
  const names = [
    'nic',
    'monitor',
    'qtest',
    'list',
    'run',
    'shell',
    'measure',
    'symbols',
    'compare',
    'qemuArguments',
    'start',
    'bench',
    'benchList',
  ];
  const program = makeProgram(Object.fromEntries(names.map((name) => [name, note(name)])) as unknown as Actions);
  const capture = (command: Command): void => {
    command.configureOutput({
      writeOut: (text) => (result.output += text),
      writeErr: (text) => (result.error += text),
    });
    command.commands.forEach(capture);
  };
  capture(program);
  try {
    await program.parseAsync(line.split(' ').filter(Boolean), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    result.status = error.exitCode;
  }
  return result;
}

const calls = async (line: string): Promise<unknown[]> => (await parsed(line)).called;

test('every flag of "nic" takes its value, repeated ones a list', async () => {
  const flags =
    '--config c.json --attach hierarchy,path=a --attach vf,index=0,path=b --vf 0,vlan=5 --netdev tap,id=n0 ' +
    '--object filter-dump,id=f --fault drop --break reg:TDT --mac 52:54:00:00:00:01 --nvm n.bin --media sfp --link-partner speed=100 ' +
    '--web :0 --pf function --no-msix --no-msi --trace igb_* --trace -igb_reg_* --trace-file t.log';
  assert.deepEqual(await calls(`nic ${flags}`), [
    'nic',
    {
      config: 'c.json',
      attach: ['hierarchy,path=a', 'vf,index=0,path=b'],
      vf: ['0,vlan=5'],
      netdev: ['tap,id=n0'],
      object: ['filter-dump,id=f'],
      fault: ['drop'],
      break: ['reg:TDT'],
      mac: '52:54:00:00:00:01',
      nvm: 'n.bin',
      media: 'sfp',
      linkPartner: 'speed=100',
      web: ':0',
      pf: 'function',
      msix: false,
      msi: false,
      trace: ['igb_*', '-igb_reg_*'],
      traceFile: 't.log',
    },
  ]);
  assert.deepEqual(await calls('nic'), ['nic', { msix: true, msi: true }]);
});

test('the lab takes its flags', async () => {
  assert.deepEqual(await calls('lab list --json'), ['list', { json: true }]);
  assert.deepEqual(
    await calls('lab run ping tcp --nic function --kernel 6.1 --qemu q --json j --junit x --trace a --trace b'),
    ['run', ['ping', 'tcp'], { nic: 'function', kernel: '6.1', qemu: 'q', json: 'j', junit: 'x', trace: ['a', 'b'] }],
  );
  assert.deepEqual(await calls('lab shell --cpus 4 --web'), ['shell', { nic: 'hierarchy', cpus: 4, web: true }]);
  assert.deepEqual(await calls('lab measure --json'), ['measure', { json: true }]);
  assert.deepEqual(await calls('lab symbols'), ['symbols', { kernel: '6.12' }]);
  assert.deepEqual(await calls('lab qemu-args'), ['qemuArguments', 'nic.sock', { memory: 1024 }]);
  assert.deepEqual(await calls('lab compare a.json b.json'), ['compare', 'a.json', 'b.json']);
  assert.deepEqual(await calls('lab qemu-args a.sock --memory 512'), ['qemuArguments', 'a.sock', { memory: 512 }]);
  assert.deepEqual(await calls('start --nic qemu'), ['start', { nic: 'qemu' }]);
});

test('"monitor" leaves the words of a command to the monitor, flags included', async () => {
  assert.deepEqual(await calls('monitor m.sock'), ['monitor', 'm.sock', [], { json: false }]);
  assert.deepEqual(await calls('monitor m.sock info registers -a pf'), [
    'monitor',
    'm.sock',
    ['info', 'registers', '-a', 'pf'],
    { json: false },
  ]);
  for (const line of ['monitor m.sock --json info vf', 'monitor --json m.sock info vf']) {
    assert.deepEqual(await calls(line), ['monitor', 'm.sock', ['info', 'vf'], { json: true }]);
  }
  assert.deepEqual(await calls('nic --qmp stdio --monitor unix:a,server=on'), [
    'nic',
    { qmp: ['stdio'], monitor: ['unix:a,server=on'], msix: true, msi: true },
  ]);
});

test('"bench" takes cases, and lists them', async () => {
  assert.deepEqual(await calls('bench tx-64 device --quick'), [
    'bench',
    ['tx-64', 'device'],
    { against: 'qemu', quick: true },
  ]);
  assert.deepEqual(await calls('bench list'), ['benchList', {}]);
});

test('"qtest" leaves its words to QEMU', async () => {
  const words = ['-qtest', 'stdio', '-machine', 'q35', '-h', '--help', '-device', 'igb', '-nodefaults'];
  assert.deepEqual(await calls(`qtest ${words.join(' ')}`), ['qtest', words]);
});

test('what is wrong is said in one line that names what is near, with status 1', async () => {
  const cases: readonly (readonly [string, string])[] = [
    ['nik', `unknown command 'nik'; did you mean nic? See "outboard --help". [USAGE]`],
    ['lab lst', `unknown command 'lst'; did you mean list? See "outboard lab --help". [USAGE]`],
    ['nic --atach a', `unknown option '--atach'; did you mean --attach? See "outboard nic --help". [USAGE]`],
    ['lab run', `missing required argument 'WORKLOAD'. See "outboard lab run --help". [USAGE]`],
    ['nic --mac', `option '--mac <ADDRESS>' argument missing. See "outboard nic --help". [USAGE]`],
    [
      'lab shell --cpus 0',
      `option '--cpus <N>' argument '0' is invalid. It is a whole number from 1 to 64. See "outboard lab shell --help". [USAGE]`,
    ],
  ];
  for (const [line, expected] of cases) {
    const { called, error, status } = await parsed(line);
    assert.equal(error, `outboard: ${expected}\n`);
    assert.equal(status, 1, line);
    assert.deepEqual(called, [], line);
  }
});

test('every command has help with an example, and no value of the program in it', async () => {
  const lines: string[] = [];
  const collect = (command: Command, names: readonly string[]): void => {
    if (command.name() === 'qtest') return;
    lines.push([...names, '--help'].join(' '));
    for (const next of command.commands) collect(next, [...names, next.name()]);
  };
  collect(makeProgram(), []);
  assert.equal(lines.length, 22);
  for (const line of lines) {
    const { output, status } = await parsed(line);
    assert.equal(status, 0, line);
    assert.match(output, /\nExamples?:\n {2}\$ outboard /, line);
    assert.doesNotMatch(output, /\[\]|undefined|NaN/, line);
  }
});

test('flags go before the file, and a list of flags in the place of its list', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'outboard-cli-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const config = join(folder, 'nic.json');
  writeFileSync(config, '{"attach": [{"kind": "function", "path": "a"}], "netdev": ["tap,id=n0"], "mac": "x"}');
  const flags: NicFlags = { config, attach: ['vf,index=3,path=b'], mac: 'y', msix: false, msi: true };
  assert.deepEqual(configuration(flags), {
    attach: [{ kind: 'vf', index: 3, path: 'b' }],
    netdev: ['tap,id=n0'],
    mac: 'y',
    msix: false,
  });
  for (const [text, expected] of [
    ['{', /is not JSON/],
    ['[]', /must hold a JSON object/],
    ['"x"', /must hold a JSON object/],
  ] as const) {
    writeFileSync(config, text);
    assert.throws(() => configuration({ config, msix: true, msi: true }), expected);
  }
  assert.throws(() => configuration({ config: folder, msix: true, msi: true }), /cannot read .*EISDIR/);
});

test('an error with a code is one line with its advice; one without is a bug of ours', () => {
  const fault = Object.assign(new Error('there is no kernel "5".'), { code: 'UNKNOWN', advice: 'Choose 6.1.' });
  assert.equal(errorLine(fault), 'outboard: there is no kernel "5". Choose 6.1. [UNKNOWN]');
  assert.equal(errorLine(Object.assign(new Error('two\nlines\n'), { code: 'X' })), 'outboard: two; lines [X]');
  assert.equal(errorLine(new TypeError('x')), undefined);
  assert.equal(errorLine(Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' })), undefined);
});
