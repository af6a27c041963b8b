/** The switch between the pools: how frames find them, and what each takes and may send. */
import { decodeFields } from '../../registers/index.ts';
import { pfSpecs } from '../../devices/igb/tables/index.ts';
import { addressRegisters, receiveAddresses } from '../addresses.ts';
import { type MonitorModule, query } from '../context.ts';
import { ofPort, portOnly } from '../function-argument.ts';
import { pf, type RegisterView, viewOf } from '../register-view.ts';
import type { Cell, Style } from '../style.ts';

const POOLS = 8;

interface PoolStatus {
  readonly pool: number;
  readonly receives: boolean;
  readonly transmits: boolean;
  readonly addresses: readonly string[];
  readonly vlans: readonly number[];
  /** Tag that every frame it sends gets; undefined where none does. */
  readonly 'port-vlan'?: number;
  /** Flags of VMOLR. */
  readonly accepts: readonly string[];
  readonly 'longest-frame': number;
  /** Checked before it may send. */
  readonly checks: readonly string[];
}

export interface SwitchStatus {
  /** Of MRQC: none, RSS, VMDq, VMDq+RSS. */
  readonly mode: string;
  /** Frames between pools stay inside. */
  readonly loopback: boolean;
  readonly replication: boolean;
  /** Undefined where frames that no pool wants are dropped. */
  readonly 'default-pool'?: number;
  readonly 'vlan-filter': boolean;
  readonly pools: readonly PoolStatus[];
  readonly mirrors: readonly { readonly rule: number; readonly control: string; readonly pools: number }[];
  readonly 'storm-control': string;
}

const registers = [
  ...addressRegisters,
  ...[
    pf.MRQC,
    pf.DTXSWC,
    pf.VT_CTL,
    pf.RCTL,
    pf.VFRE,
    pf.VFTE,
    pf.VMOLR,
    pf.VMVIR,
    pf.VLVF,
    pf.VMRCTL,
    pf.VMRVM,
    pf.SCCRL,
  ],
];

function poolStatus(view: RegisterView, pool: number): PoolStatus {
  const { DTXSWC, VLVF, VMOLR, VMVIR } = pf;
  const has = (bits: number): boolean => ((bits >>> pool) & 1) !== 0;
  const entries = Array.from({ length: VLVF.count }, (_, n) => n).filter(
    (n) => view.isSet(VLVF, VLVF.VI_EN, n) && has(view.field(VLVF, VLVF.POOLS, n)),
  );
  const accepts = (['AUPE', 'BAM', 'ROMPE', 'ROPE', 'MPME', 'UPE', 'VPE', 'LPE', 'RSSE', 'STRVLAN'] as const).filter(
    (field) => view.isSet(VMOLR, VMOLR[field], pool),
  );
  return {
    pool,
    receives: has(view.get(pf.VFRE)),
    transmits: has(view.get(pf.VFTE)),
    addresses: receiveAddresses(view).flatMap(({ mac, pools }) => (has(pools) ? [mac] : [])),
    vlans: entries.map((n) => view.field(VLVF, VLVF.VLAN_ID, n)).sort((a, b) => a - b),
    ...(view.isSet(VMVIR, VMVIR.ALWAYS, pool) ? { 'port-vlan': view.field(VMVIR, VMVIR.TAG, pool) & 0xfff } : {}),
    accepts,
    'longest-frame': view.field(VMOLR, VMOLR.RLPML, pool),
    checks: [
      ...(has(view.field(DTXSWC, DTXSWC.MAC_SPOOF)) ? ['mac'] : []),
      ...(has(view.field(DTXSWC, DTXSWC.VLAN_SPOOF)) ? ['vlan'] : []),
    ],
  };
}

function statusOf(view: RegisterView): SwitchStatus {
  const { DTXSWC, MRQC, RCTL, SCCRL, VMRCTL, VMRVM, VT_CTL } = pf;
  const modes = pfSpecs.MRQC.fields.MODE.values as Readonly<Record<number, string>>;
  const mode = view.field(MRQC, MRQC.MODE);
  const mirrors = Array.from({ length: VMRCTL.count }, (_, rule) => ({
    rule,
    control: decodeFields(pfSpecs.VMRCTL, view.get(VMRCTL, rule)),
    pools: view.get(VMRVM, rule),
  }));
  return {
    mode: modes[mode] ?? String(mode),
    loopback: view.isSet(DTXSWC, DTXSWC.LOOPBACK_EN),
    replication: view.isSet(VT_CTL, VT_CTL.REPL_EN),
    ...(view.isSet(VT_CTL, VT_CTL.DIS_DEF_POOL) ? {} : { 'default-pool': view.field(VT_CTL, VT_CTL.DEF_PL) }),
    'vlan-filter': view.isSet(RCTL, RCTL.VFE),
    pools: Array.from({ length: POOLS }, (_, pool) => poolStatus(view, pool)),
    mirrors: mirrors.filter(({ control }) => control !== ''),
    'storm-control': decodeFields(pfSpecs.SCCRL, view.get(SCCRL)),
  };
}

function render(status: SwitchStatus, style: Style): string {
  const yes = (on: boolean): Cell => (on ? ['yes', 'green'] : 'no');
  const onOff = (on: boolean): string => (on ? 'on' : 'off');
  const head = [
    `mode ${status.mode}, loopback between pools ${onOff(status.loopback)}, replication ${onOff(status.replication)}`,
    `default pool ${status['default-pool'] ?? 'none'}, VLAN filter ${onOff(status['vlan-filter'])}`,
    ...(status['storm-control'] === '' ? [] : [`storm control ${status['storm-control']}`]),
    ...status.mirrors.map(
      ({ rule, control, pools }) => `mirror rule ${rule}: ${control}, pools 0x${pools.toString(16)}`,
    ),
  ];
  const rows = status.pools.map((pool): Cell[] => [
    ...[String(pool.pool), yes(pool.receives), yes(pool.transmits), pool.addresses.join(' '), pool.vlans.join(' ')],
    ...[pool['port-vlan'] === undefined ? '' : String(pool['port-vlan']), String(pool['longest-frame'])],
    ...[pool.checks.join(' '), pool.accepts.join(' ')],
  ]);
  const titles = ['pool', 'rx', 'tx', 'addresses', 'vlans', 'port vlan', 'longest', 'checked', 'accepts'];
  return `${head.join('\n')}\n${style.table(titles, rows)}`;
}

export const localSwitch: MonitorModule = {
  queries: [
    query({
      name: 'switch',
      doc: 'the switch between PF, VFs and wire: pools, addresses, VLANs, checks, mirrors',
      usage: '[pf|pf1]',
      schema: ofPort,
      parse: portOnly,
      fetch: async (context, { port }) => statusOf(await viewOf(context, registers, port)),
      render,
    }),
  ],
};
