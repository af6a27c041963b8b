/** The VFs: who has each, and what the hosted PF lets it do; `vf N …` says that as `ip link set DEV vf N …` does. */
import * as v from 'valibot';
import { POOLS } from '../../devices/igb/context.ts';
import { checkVf } from '../../nic/config.ts';
import { settingsOf } from '../../nic/hosted.ts';
import { formatMac } from '../../packet/index.ts';
import { receiveAddresses, addressRegisters } from '../addresses.ts';
import { type MonitorContext, MonitorError, type MonitorModule, qmp, query } from '../context.ts';
import { ofPort, portOnly, portSchema } from '../function-argument.ts';
import { unknownWord } from '../registry.ts';
import { viewOf } from '../register-view.ts';
import { onOff, type Cell, type Style } from '../style.ts';
import { onOrOff, wholeNumber } from '../words.ts';

/** Whose the VF is. */
type Owner = 'machine' | 'pf-guest' | 'nobody';

export interface VfRow {
  readonly index: number;
  readonly owner: Owner;
  /** It has its queues and vectors. */
  readonly live: boolean;
  /** Accesses of the PF's guest while the VF was with a machine of its own. */
  readonly refused: number;
  readonly mac?: string;
  /** The rest only while the PF is hosted. */
  readonly vlan?: number;
  readonly qos?: number;
  readonly 'max-tx-rate'?: number;
  readonly spoofchk?: boolean;
  readonly trust?: boolean;
  readonly state?: string;
  /** Its driver has greeted the PF. */
  readonly ready?: boolean;
  readonly requests?: number;
  readonly refusals?: number;
}

async function fetch(
  context: MonitorContext,
  { port }: { readonly port: number },
): Promise<{ hosted: boolean; vfs: VfRow[] }> {
  const status = await context.nic.request('vfsStatus', { port });
  const addresses = receiveAddresses(await viewOf(context, addressRegisters, port));
  const vfs = status.vfs.map(({ attached, live, refused }, index): VfRow => {
    const owner = attached ? 'machine' : index < status.enabled ? 'pf-guest' : 'nobody';
    const known = status.hosted?.vfs[index];
    if (known === undefined) {
      const mac = addresses.findLast(({ pools, entry }) => entry !== 0 && ((pools >>> index) & 1) !== 0)?.mac;
      return { index, owner, live, refused, ...(mac === undefined || !live ? {} : { mac }) };
    }
    const { vlan, qos, maxTxRateMbps, spoofCheck: spoofchk, trust, linkState: state, ready } = known;
    const { requests, refusals } = known;
    const mac = formatMac(known.address);
    const settings = { mac, vlan, qos, 'max-tx-rate': maxTxRateMbps, spoofchk, trust, state };
    return { index, owner, live, refused, ...settings, ready, requests, refusals };
  });
  return { hosted: status.hosted !== undefined, vfs };
}

function render({ hosted, vfs }: { hosted: boolean; vfs: readonly VfRow[] }, style: Style): string {
  const owners: Readonly<Record<Owner, Cell>> = {
    machine: ['own machine', 'green'],
    'pf-guest': "PF's guest",
    nobody: ['nobody', 'dim'],
  };
  const yes = (flag: boolean | undefined): Cell => (flag === undefined ? '' : flag ? ['yes', 'green'] : 'no');
  const text = (value: string | number | undefined): string => (value === undefined ? '' : String(value));
  const shared = (row: VfRow): Cell[] => [String(row.index), owners[row.owner], yes(row.live), text(row.mac)];
  if (!hosted) {
    const rows = vfs.map((row) => [...shared(row), text(row.refused)]);
    return `a machine has the PF: its own driver sets the VFs\n${style.table(['vf', 'with', 'live', 'mac', 'refused'], rows)}`;
  }
  const flag = (on: boolean | undefined): Cell => (on === undefined ? '' : onOff(on));
  const head = [
    'vf',
    'with',
    'live',
    'mac',
    'vlan',
    'qos',
    'rate',
    'spoofchk',
    'trust',
    'link',
    'ready',
    'requests',
    'refused',
  ];
  const rows = vfs.map((row) => [
    ...shared(row),
    ...[text(row.vlan), text(row.qos), text(row['max-tx-rate'])],
    ...[flag(row.spoofchk), flag(row.trust), text(row.state), yes(row.ready), text(row.requests), text(row.refusals)],
  ]);
  return style.table(head, rows);
}

/** Settings of `vf N KEY VALUE …` as the configuration has them. */
function settingsIn(words: readonly string[]): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (let at = 0; at < words.length; at += 2) {
    const key = words[at]!;
    const value = words[at + 1];
    if (value === undefined) throw new MonitorError('USAGE', `vf N ${key} needs a value`);
    if (key === 'mac') made['mac'] = value;
    else if (key === 'vlan') made['vlan'] = wholeNumber(value, 0, 4094, 'vlan');
    else if (key === 'qos') made['qos'] = wholeNumber(value, 0, 7, 'qos');
    else if (key === 'rate' || key === 'max_tx_rate') made['max_tx_rate'] = wholeNumber(value, 0, 1000, key);
    else if (key === 'spoofchk' || key === 'trust') made[key] = onOrOff(value, key);
    else if (key === 'link' || key === 'state') made['state'] = value;
    else throw unknownWord('setting of a VF', key, keys);
  }
  return made;
}

const keys = ['mac', 'vlan', 'qos', 'rate', 'spoofchk', 'trust', 'link'];
const values: Readonly<Record<string, readonly string[]>> = {
  spoofchk: ['on', 'off'],
  trust: ['on', 'off'],
  link: ['auto', 'enable', 'disable'],
};

interface VfPlace {
  readonly port: number;
  readonly index: number;
}

/** `3`, or `pf1vf3` for VF 3 of port 1. */
function placeOf(word = ''): VfPlace {
  const number = word.replace(/^pf1vf/, '');
  return { port: number === word ? 0 : 1, index: wholeNumber(number, 0, POOLS - 1, 'the number of a VF') };
}

/** Changes those settings that are given; all are checked first. */
async function change({ nic }: MonitorContext, given: VfPlace & Readonly<Record<string, unknown>>): Promise<void> {
  const checked = settingsOf(checkVf(given));
  const names = {
    mac: 'mac',
    vlan: 'vlan',
    qos: 'qos',
    max_tx_rate: 'maxTxRateMbps',
    spoofchk: 'spoofCheck',
    trust: 'trust',
    state: 'linkState',
  } as const;
  const wanted = Object.entries(names).filter(([key]) => given[key] !== undefined);
  const entries = wanted.map(([, name]) => [name, checked[name]]);
  const { port, index: vf } = given;
  await nic.request('setVf', { port, vf, change: Object.fromEntries(entries) as object });
}

export const vfs: MonitorModule = {
  queries: [
    query({
      name: 'vf',
      doc: 'the VFs: who has each, and what it may do',
      usage: '[pf|pf1]',
      schema: ofPort,
      parse: portOnly,
      fetch,
      render,
    }),
  ],
  commands: [
    {
      name: 'vf',
      usage: 'N|pf1vfN mac|vlan|qos|rate|spoofchk|trust|link VALUE …',
      doc: 'set a VF while no machine drives the PF, as ip link set DEV vf N does',
      run: async (context, [vf, ...words]) => {
        const place = placeOf(vf);
        if (words.length === 0) throw new MonitorError('USAGE', `vf ${vf} ${keys.join('|')} VALUE`);
        await change(context, { ...settingsIn(words), ...place });
        return '';
      },
      complete: (_context, words) => {
        if (words.length < 2) return Array.from({ length: POOLS }, (_, vf) => String(vf));
        return words.length % 2 === 0 ? keys : (values[words.at(-2)!] ?? []);
      },
    },
  ],
  qmp: {
    'set-vf': qmp(
      v.looseObject({ port: portSchema, index: v.number() }),
      (context, { 'max-tx-rate': rate, ...given }) =>
        change(context, { ...given, ...(rate === undefined ? {} : { max_tx_rate: rate }) }),
    ),
  },
};
