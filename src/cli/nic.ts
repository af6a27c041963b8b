/** `outboard nic`: the NIC by itself, until a signal. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { memoryArguments, qemuCommand, vfioUserArguments } from '../lab/qemu-args.ts';
import { NicError } from '../nic/errors.ts';
import { parseAttachment, parseCable, parseLinkPartner, parseVf } from '../nic/flags.ts';
import type { Nic } from '../nic/nic.ts';
import { webAddress } from '../web/web-address.ts';
import { collect } from './arguments.ts';
import { openInspector } from './inspect.ts';

export interface NicFlags {
  readonly lint?: boolean;
  config?: string;
  attach?: string[];
  vf?: string[];
  netdev?: string[];
  object?: string[];
  qmp?: string[];
  monitor?: string[];
  break?: string[];
  fault?: string[];
  trace?: string[];
  traceFile?: string;
  ports?: string;
  pf?: string;
  mac?: string;
  media?: string;
  linkPartner?: string;
  cable?: string;
  nvm?: string;
  flash?: string;
  metrics?: string;
  web?: string | true;
  inspect?: string | true;
  romfile?: string;
  msix: boolean;
  msi: boolean;
}

const examples = `
Examples:
  $ outboard nic --attach hierarchy,path=nic.sock --netdev tap,id=n0,ifname=ob0
  $ outboard nic --attach function,path=nic.sock --netdev stream,id=n0,server=on,addr.type=unix,addr.path=wire.sock
  $ outboard nic --attach vf,index=0,path=vf0.sock --attach vf,index=1,path=vf1.sock --vf 1,vlan=5,max_tx_rate=100
  $ outboard nic --attach hierarchy,path=nic.sock --object filter-dump,id=f0,points=all,file=- | tshark -i -
  $ outboard nic --config nic.json

A configuration has the flags' names, and "vfs" for --vf:
  {"attach": [{"kind": "vf", "index": 0, "path": "vf0.sock"}], "vfs": [{"index": 0, "vlan": 5}], "netdev": ["tap,id=n0"]}`;

function readConfig(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new NicError('CONFIG', `cannot read ${path}: ${(error as Error).message}`, error);
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch (error) {
    throw new NicError('CONFIG', `${path} is not JSON: ${(error as Error).message}`, error);
  }
  throw new NicError('CONFIG', `${path} must hold a JSON object`);
}

/** Flags on top of the file: a list given by flags replaces the file's. Throws NicError `CONFIG`. */
export function configuration(flags: NicFlags): Record<string, unknown> {
  const config = flags.config === undefined ? {} : readConfig(flags.config);
  if (flags.attach !== undefined) config['attach'] = flags.attach.map((text) => parseAttachment(text));
  if (flags.ports !== undefined) config['ports'] = /^\d+$/.test(flags.ports) ? Number(flags.ports) : flags.ports;
  if (flags.vf !== undefined) config['vfs'] = flags.vf.map((text) => parseVf(text));
  if (flags.linkPartner !== undefined) config['linkPartner'] = parseLinkPartner(flags.linkPartner);
  if (flags.cable !== undefined) config['cable'] = parseCable(flags.cable);
  for (const key of [
    'netdev',
    'object',
    'break',
    'fault',
    'qmp',
    'monitor',
    'trace',
    'mac',
    'pf',
    'media',
    'nvm',
    'flash',
    'metrics',
    'romfile',
    'traceFile',
  ] as const)
    if (flags[key] !== undefined) config[key] = flags[key];
  if (flags.lint === true) config['lint'] = true;
  if (flags.web !== undefined) config['web'] = webAddress(flags.web);
  for (const key of ['msix', 'msi'] as const) if (!flags[key]) config[key] = false;
  return config;
}

const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Closes the NIC at the first signal, even one that comes while it starts; the second ends the process at once. */
async function untilSignal(start: () => Promise<Nic>, started: () => void): Promise<void> {
  let nic: Nic | undefined;
  let signalled = false;
  for (const [name, number] of Object.entries(signals)) {
    process.on(name, () => {
      if (signalled) process.exit(128 + number);
      signalled = true;
      void nic?.close();
    });
  }
  nic = await start();
  if (signalled) void nic.close();
  else started();
  await nic.ended;
  // What is left to do may wait for others, a debugger say: a signal still ends that.
  for (const name of Object.keys(signals)) process.removeAllListeners(name);
}

/** QMP, HMP and the web view, where the configuration asks for them. */
async function openMonitors(nic: Nic, config: Record<string, unknown>): Promise<void> {
  const { qmp = [], monitor: hmp = [], web } = config as { qmp?: string[]; monitor?: string[]; web?: string };
  if (qmp.length + hmp.length === 0 && web === undefined) return;
  const { Monitor } = await import('../monitor/monitor.ts');
  const log = (line: string): void => console.error(line);
  try {
    const monitor = new Monitor({ nic, qmp, hmp, log, quit: () => void nic.close() });
    if (web === undefined) return;
    const { serveWeb } = await import('../web/serve-web.ts');
    await serveWeb(monitor, web, log);
  } catch (error) {
    await nic.close();
    throw error;
  }
}

/** Standard output is a capture's or a monitor's. */
function usesStandardOutput(config: Record<string, unknown>): boolean {
  const { object = [], qmp = [], monitor = [] } = config as Record<'object' | 'qmp' | 'monitor', string[] | undefined>;
  return object.some((text) => /,file=-(,|$)/.test(text)) || [...qmp, ...monitor].includes('stdio');
}

/** `outboard nic`: resolves when a signal has ended the NIC. */
export async function runNic(flags: NicFlags): Promise<void> {
  if (flags.trace?.includes('help') === true) {
    const { traceActions } = await import('./trace.ts');
    await traceActions.traceList(undefined, {});
    return;
  }
  const config = configuration(flags);
  const leaveInspector = flags.inspect === undefined ? undefined : await openInspector(flags.inspect);
  const { startNic } = await import('../nic/nic.ts');
  await untilSignal(
    async () => {
      const nic = await startNic(config as never);
      await openMonitors(nic, config);
      return nic;
    },
    () => {
      const parts = ['Outboard NIC is listening. Attach it to a QEMU 11.1 or newer with'];
      for (const { path } of config['attach'] as { path: string }[])
        parts.push(qemuCommand('qemu-system-x86_64', [...memoryArguments(1024), ...vfioUserArguments(path)]));
      const say = usesStandardOutput(config) ? console.error : console.log;
      say([...parts, 'Ctrl-C ends it.'].join('\n\n'));
    },
  ).finally(leaveInspector);
}

export function addNicCommand(program: Command, run: (flags: NicFlags) => Promise<void>): void {
  program
    .command('nic')
    .description('run the NIC by itself, until a signal')
    .option('-c, --config <FILE>', 'JSON configuration; flags win over it')
    .option(
      '--attach <KIND,path=SOCKET>',
      'hierarchy (VMD, root port, PF), function (the PF as a plain endpoint) or vf,index=N (a VF), port=1 for those of the second port; qmp=SOCKET of its QEMU for --break',
      collect,
    )
    .option(
      '--vf <N,KEY=VALUE,…>',
      'while no VM has the PF, as by ip link: port mac vlan qos max_tx_rate spoofchk trust state=auto|enable|disable',
      collect,
    )
    .option(
      '--netdev <TYPE,id=ID,…>',
      "the wire, in QEMU's words: tap packet stream dgram socket passt hubport",
      collect,
    )
    .option(
      '--object <filter-dump,id=ID,POINT,file=FILE>',
      'capture frames, pcapng or pcap: netdev=ID function=pf|vfN pool=N queue=rxN|txN points=all|drops; file=- is standard output',
      collect,
    )
    .option(
      '--break <EXPR>',
      "stop device and machines (qmp=SOCKET of --attach) where it holds, such as 'reg:TDT[0] write' (docs/debugging.md)",
      collect,
    )
    .option(
      '--fault <KIND,KEY=VALUE,…>',
      'a fault from the start, such as drop,direction=rx,probability=0.01,seed=7 (docs/faults.md)',
      collect,
    )
    .option(
      '--pf <hierarchy|function>',
      'how a PF that is attached later (device_add) is to look, where no --attach says it; hierarchy',
    )
    .option('--ports <1|2>', 'ports of the card, functions 0 and 1, each with a netdev (in order)')
    .option('--qmp <DEVICE>', 'speak QMP: unix:PATH,server=on,wait=off or stdio', collect)
    .option('--monitor <DEVICE>', 'speak HMP there, for people and "outboard monitor"', collect)
    .option('--mac <ADDRESS>', 'station address, of port 0')
    .option('--nvm <FILE>', 'keep the NVM in a file (what it holds goes before --mac)')
    .option('--flash <FILE>', 'keep the flash in a file (what it holds goes before --romfile)')
    .option('--romfile <FILE>', "an option ROM, as QEMU's romfile=")
    .option('--media <copper|sfp>', 'a socket for copper cable, or an SFP cage with an optical module')
    .option(
      '--link-partner <KEY=VALUE,…>',
      'the other end: speed=10|100|1000 duplex=half|full autoneg=on|off pause=none|symmetric|asymmetric|both',
    )
    .option(
      '--cable <KEY=VALUE,…>',
      'the copper cable to it: length=0-120 (metres) crossed=on|off polarity=normal|reversed pairs=2|4',
    )
    .option('--metrics <127.0.0.1:PORT>', 'answer Prometheus at http://127.0.0.1:PORT/metrics; port 0 takes a free one')
    .option(
      '--web [ADDRESS:PORT]',
      'a live view for browsers of this machine, at 127.0.0.1:8257 where no address is given',
    )
    .option(
      '--inspect [HOST:PORT]',
      "let a debugger into the NIC's threads, at 127.0.0.1:9229 where no address is given (docs/debugging.md)",
    )
    .option('--no-msix', 'hide the MSI-X capability')
    .option('--no-msi', 'hide the MSI capability')
    .option('--lint', 'tell of what drivers do wrong, each mistake once')
    .option(
      '--trace <GLOB>',
      'trace events, such as igb_irq_*; a leading - excludes; @FILE has a list; "help" lists them',
      collect,
    )
    .option(
      '--trace-file <FILE>',
      'where traces go instead of standard error: compact as .obt, for Perfetto as .json, else text; without --trace what drivers do wrong, resets, link, queues and drops',
    )
    .addHelpText('after', examples)
    .action((flags: NicFlags) => run(flags));
}
