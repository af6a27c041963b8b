import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachedDebugSymbols } from '../debug-symbols.ts';
import { debianTool } from '../debian-tool.ts';
import { LabError } from '../errors.ts';
import { hostAddress } from '../external-host-protocol.ts';
import { fileOfRoot, libraryPath } from '../guest-programs.ts';
import type { SceneOptions } from '../scene.ts';
import type { Workload, WorkloadContext } from '../workload.ts';
import { Terminal } from './cases/terminal.ts';
import { mustBe } from './sriov/effects.ts';

const guest: SceneOptions = {
  cpus: 1,
  capture: false,
  variant: { attachment: 'hierarchy', debug: true },
};
/** `ethtool -d` alone reads it, and hundreds of registers behind it. */
const expression = 'reg:FRTIMER read';
/** An interrupt may have taken the processor when the machine stops: its stack is another one. */
const attempts = 5;
const symbolsPort = 7041;
/** Where a program lies without randomisation. */
const programBase = 0x5555_5555_4000;
const frames = ['igb_get_regs', '(__)?dev_ethtool', 'dev_ioctl', '__x64_sys_ioctl', 'do_syscall_64'];

const gdb = (words: readonly string[], sieve = ''): string =>
  [
    'gdb -nx -q -batch',
    ...["'set architecture i386:x86-64'", "'symbol-file guest.sym'", "'target remote gdb.sock'"].map(
      (word) => `-ex ${word}`,
    ),
    ...words,
    '-ex disconnect',
    `2>&1${sieve}`,
  ].join(' ');

/** Stops where the system call returns to: its address lies below the code segment of user programs at the top of the stack. */
const toTheProgram = `set $word = ((unsigned long)$rsp | 0x3fff) - 7
while *(unsigned long *)$word != 0x33
  set $word = $word - 8
end
tbreak **(unsigned long *)($word - 8)
continue
print $cs
x/2i $rip
backtrace
`;

async function findGdb({ step }: WorkloadContext): Promise<boolean> {
  return step('gdb', async (report) => {
    try {
      const { command, args } = await debianTool('gdb', report);
      report(args.at(-1) ?? command);
      return true;
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      report(`SKIPPED what needs it: ${error.message}`);
      return false;
    }
  });
}

/** gdb's words for Debian's debug symbols, where `outboard lab symbols` has fetched them. */
async function debugWords(terminal: Terminal, { lab, folder }: WorkloadContext): Promise<string[]> {
  const found = cachedDebugSymbols(lab.image.kernel.release);
  if (found === undefined) return [];
  const sections = await terminal.guest('grep . /sys/module/igb/sections/.*', /\.text:0x/);
  writeFileSync(join(folder, 'sections'), sections);
  const place = `node ../../scripts/place-module.mjs ${found.modules['igb']} igb.sym < sections`;
  await terminal.type(place, /add-symbol-file/);
  return [`-ex 'symbol-file ${found.vmlinux}'`, "-ex 'add-symbol-file igb.sym -o 0'"];
}

/** The guest's symbols as a file for gdb; and where a library of its `ethtool` lies. */
async function symbols(terminal: Terminal, context: WorkloadContext): Promise<string> {
  const { machine, host } = terminal.scene;
  const file = join(context.folder, 'kallsyms');
  const received = host.shell(`socat -u TCP-LISTEN:${symbolsPort},reuseaddr CREATE:'${file}'`, 90_000);
  await machine.run(
    `echo 0 > /proc/sys/kernel/randomize_va_space; until socat -u OPEN:/proc/kallsyms TCP:${hostAddress}:${symbolsPort}; do sleep 0.1; done`,
    90_000,
  );
  await received;
  await terminal.type('node ../../scripts/kallsyms-elf.mjs guest.sym < kallsyms', /\d+ functions/);
  const libraries = await terminal.guest('LD_TRACE_LOADED_OBJECTS=1 ethtool', /libc\.so\.6/);
  return /libc\.so\.6 .*\((0x[0-9a-f]+)\)/.exec(libraries)![1]!;
}

/** Has the guest's `ethtool -d` hit the breakpoint, and sees that all stands. */
async function hit(terminal: Terminal): Promise<void> {
  const { scene } = terminal;
  await scene.machine.agent.start(`ethtool -d ${scene.interfaceName} > /run/dump; echo done >> /run/dump`);
  await terminal.monitor('info break', /last: break 1 .*FRTIMER/, /machine of .*: stands/);
  const { status } = (await scene.machine.qmp.execute('query-status')) as { status: string };
  mustBe(status === 'paused', `QEMU says that the machine is ${status}`);
}

/** Device and machine go on, and `ethtool` comes to its end. */
async function goOn(terminal: Terminal): Promise<void> {
  await terminal.monitor('cont');
  await terminal.guest('tail -n 1 /run/dump', /^done$/);
}

export const breaking: Workload = {
  name: 'break',
  summary: 'a breakpoint on a register access stops device and guest; gdb shows its stack in driver and program',
  async run(context) {
    const hasGdb = await findGdb(context);
    const terminal = await Terminal.open(context, 'break', guest);
    const { root } = context.lab.tools;
    let libcBase = '';
    let debug: string[] = [];
    if (hasGdb)
      await terminal.step('symbols of the guest', async () => {
        libcBase = await symbols(terminal, context);
        debug = await debugWords(terminal, context);
      });
    await terminal.step('a breakpoint stops device and machine', async () => {
      await terminal.monitor(`break '${expression}'`, /breakpoint 1/);
      await hit(terminal);
    });
    if (hasGdb) {
      await terminal.step('gdb: the stack of the guest in its driver', async () => {
        // Words of the stack that are addresses of code.
        const look = gdb(["-ex 'x/i $rip'", "-ex 'x/300a $rsp'"], " | grep -o '<.*>' | grep -v '<bad'");
        for (let attempt = 1; ; attempt += 1) {
          const seen = await terminal.type(look);
          if (frames.every((name) => new RegExp(`<${name}\\+`).test(seen))) return;
          mustBe(attempt < attempts, `the stack does not show ${frames.join(', ')}`);
          await goOn(terminal);
          await hit(terminal);
        }
      });
      if (debug.length > 0)
        await terminal.step('gdb: the same with debug symbols', async () => {
          const seen = await terminal.type(gdb([...debug, "-ex 'backtrace -frame-arguments none'"]));
          for (const name of frames)
            mustBe(new RegExp(` ${name} \\(.*at .*\\.c:\\d+`).test(seen), `there is no ${name} in it`);
        });
      await terminal.step('gdb: the program that asked the driver', async () => {
        writeFileSync(join(context.folder, 'program.gdb'), toTheProgram);
        const files = [
          [fileOfRoot(root, 'usr/sbin/ethtool'), `0x${programBase.toString(16)}`],
          [fileOfRoot(root, libraryPath(root, 'libc.so.6')), libcBase],
        ] as const;
        const words = files.map(([file, base]) => `-ex 'add-symbol-file ${file} -o ${base}'`);
        const seen = await terminal.type(gdb([...words, '-x program.gdb']));
        mustBe(/^\$\d+ = 51$/m.test(seen) && /<ioctl\+\d+>/.test(seen), 'it does not stand in ioctl of a program');
      });
    }
    await terminal.step('both go on', async () => {
      await terminal.monitor('delete');
      await goOn(terminal);
      await terminal.guest(`ping -n -c 3 ${hostAddress}`, / 0% packet loss/);
    });
  },
};
