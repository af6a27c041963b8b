/** What a function receives, in QEMU's schema (RxFilterInfo). */
import * as v from 'valibot';
import { functionNames, nameOfFunction, pfNames, placeOfFunction } from '../../nic/functions.ts';
import { QmpError } from '../../qmp/index.ts';
import { mainAddress, receiveAddresses, addressRegisters } from '../addresses.ts';
import { type MonitorContext, type MonitorModule, query } from '../context.ts';
import { namesOf } from '../function-argument.ts';
import { pf, type RegisterView, viewOf } from '../register-view.ts';
import type { Style } from '../style.ts';

type FilterState = 'normal' | 'none' | 'all';

export interface RxFilterInfo {
  readonly name: string;
  readonly promiscuous: boolean;
  readonly multicast: FilterState;
  readonly unicast: FilterState;
  readonly vlan: FilterState;
  readonly 'broadcast-allowed': boolean;
  readonly 'multicast-overflow': boolean;
  readonly 'unicast-overflow': boolean;
  readonly 'main-mac': string;
  readonly 'vlan-table': readonly number[];
  readonly 'unicast-table': readonly string[];
  readonly 'multicast-table': readonly string[];
}

/** Registers that decide. */
const filterRegisters = [
  ...addressRegisters,
  ...[pf.RCTL, pf.MRQC, pf.MTA, pf.UTA, pf.VFTA, pf.VT_CTL, pf.VMOLR, pf.VLVF, pf.VFRE, pf.VMVIR],
];

/** Mode of MRQC with pools. */
const POOLS_BIT = 1;
/** igb keeps the address of VF v in the last entry but v. */
const LAST_ENTRY = 23;

const anySet = (view: RegisterView, register: typeof pf.MTA | typeof pf.UTA): boolean =>
  Array.from({ length: register.count }, (_, n) => view.get(register, n)).some((value) => value !== 0);

function bitsOf(view: RegisterView, register: typeof pf.VFTA): number[] {
  const found: number[] = [];
  for (let vid = 0; vid < 4096; vid += 1)
    if (((view.get(register, vid >>> 5) >>> (vid & 31)) & 1) !== 0) found.push(vid);
  return found;
}

function vlansOfPool(view: RegisterView, pool: number): number[] {
  const found = new Set<number>();
  for (let n = 0; n < pf.VLVF.count; n += 1) {
    if (!view.isSet(pf.VLVF, pf.VLVF.VI_EN, n)) continue;
    if (((view.field(pf.VLVF, pf.VLVF.POOLS, n) >>> pool) & 1) !== 0)
      found.add(view.field(pf.VLVF, pf.VLVF.VLAN_ID, n));
  }
  return [...found].sort((a, b) => a - b);
}

/** Without pools: RCTL decides for the whole port. */
function portFilter(view: RegisterView, name: string): RxFilterInfo {
  const { RCTL } = pf;
  const unicastAll = view.isSet(RCTL, RCTL.UPE);
  const multicastAll = view.isSet(RCTL, RCTL.MPE);
  const filtered = view.isSet(RCTL, RCTL.VFE);
  const addresses = receiveAddresses(view).filter(({ entry }) => entry !== 0);
  const multicast = multicastAll ? 'all' : anySet(view, pf.MTA) ? 'normal' : 'none';
  return {
    name,
    promiscuous: unicastAll && multicastAll,
    multicast,
    unicast: unicastAll ? 'all' : 'normal',
    vlan: filtered ? 'normal' : 'all',
    'broadcast-allowed': view.isSet(RCTL, RCTL.BAM) || multicastAll,
    'multicast-overflow': multicast === 'normal',
    'unicast-overflow': anySet(view, pf.UTA),
    'main-mac': mainAddress(view),
    'vlan-table': filtered ? bitsOf(view, pf.VFTA) : [],
    'unicast-table': addresses.map(({ mac }) => mac),
    'multicast-table': [],
  };
}

/** With pools: VMOLR of the function's. */
function poolFilter(view: RegisterView, name: string, pool: number, isPf: boolean): RxFilterInfo {
  const { RCTL, VMOLR } = pf;
  const set = (field: { readonly mask: number; readonly shift: number; readonly width: number }): boolean =>
    view.isSet(VMOLR, field, pool);
  const own = receiveAddresses(view).filter(({ pools }) => ((pools >>> pool) & 1) !== 0);
  const main = own.find(({ entry }) => entry === (isPf ? 0 : LAST_ENTRY - pool)) ?? own[0];
  const unicastAll = set(VMOLR.UPE) || (isPf && view.isSet(RCTL, RCTL.UPE));
  const multicast = set(VMOLR.MPME) ? 'all' : set(VMOLR.ROMPE) && anySet(view, pf.MTA) ? 'normal' : 'none';
  const filtered = view.isSet(RCTL, RCTL.VFE);
  return {
    name,
    promiscuous: unicastAll && multicast === 'all',
    multicast,
    unicast: unicastAll ? 'all' : own.length > 0 || set(VMOLR.ROPE) ? 'normal' : 'none',
    vlan: filtered ? 'normal' : 'all',
    'broadcast-allowed': set(VMOLR.BAM),
    'multicast-overflow': multicast === 'normal',
    'unicast-overflow': set(VMOLR.ROPE) && anySet(view, pf.UTA),
    'main-mac': main?.mac ?? (isPf ? mainAddress(view) : '00:00:00:00:00:00'),
    'vlan-table': filtered ? vlansOfPool(view, pool) : [],
    'unicast-table': own.filter((one) => one !== main).map(({ mac }) => mac),
    'multicast-table': [],
  };
}

/** All functions of a port that receive: the PF, and with pools the VFs whose pools are enabled. */
function filtersOf(view: RegisterView, port: number): RxFilterInfo[] {
  if ((view.field(pf.MRQC, pf.MRQC.MODE) & POOLS_BIT) === 0) return [portFilter(view, pfNames[port]!)];
  const { VT_CTL } = pf;
  // A hosted PF has no pool, and receives nothing.
  const pfPool = view.isSet(VT_CTL, VT_CTL.DIS_DEF_POOL) ? undefined : view.field(VT_CTL, VT_CTL.DEF_PL);
  const vfs = functionNames.slice(1).flatMap((_, pool) => {
    const name = nameOfFunction({ port, number: 1 + pool });
    const enabled = pool !== pfPool && ((view.get(pf.VFRE) >>> pool) & 1) !== 0;
    return enabled ? [poolFilter(view, name, pool, false)] : [];
  });
  return pfPool === undefined ? vfs : [poolFilter(view, pfNames[port]!, pfPool, true), ...vfs];
}

/** Of all ports. */
export async function rxFilters(context: MonitorContext): Promise<RxFilterInfo[]> {
  const ports = Array.from({ length: context.nic.ports }, (_, port) => port);
  const filters = await Promise.all(
    ports.map(async (port) => filtersOf(await viewOf(context, filterRegisters, port), port)),
  );
  return filters.flat();
}

function render(filters: readonly RxFilterInfo[], style: Style): string {
  return style.table(
    ['name', 'main-mac', 'promiscuous', 'unicast', 'multicast', 'broadcast', 'vlan', 'vlan-table', 'unicast-table'],
    filters.map((filter) => [
      filter.name,
      filter['main-mac'],
      filter.promiscuous ? ['yes', 'yellow'] : 'no',
      filter.unicast,
      filter.multicast,
      filter['broadcast-allowed'] ? 'yes' : 'no',
      filter.vlan,
      filter['vlan-table'].join(' '),
      filter['unicast-table'].join(' '),
    ]),
  );
}

export const rxFilter: MonitorModule = {
  queries: [
    query({
      name: 'rx-filter',
      usage: '[NAME]',
      doc: "what the PF and each VF receive, in QEMU's terms",
      schema: v.strictObject({ name: v.optional(v.string()) }),
      parse: ([name]) => (name === undefined ? {} : { name }),
      fetch: async (context, { name }) => {
        const filters = await rxFilters(context);
        const wanted = filters.filter((filter) => name === undefined || filter.name === name);
        context.filtersSeen(wanted);
        if (wanted.length > 0 || name === undefined) return wanted;
        const known = placeOfFunction(name) !== undefined;
        throw new QmpError(
          known ? 'GenericError' : 'DeviceNotFound',
          known ? `${name} receives nothing: it has no pool that is enabled` : `Device '${name}' not found`,
        );
      },
      render,
      complete: ({ nic }) => namesOf(nic),
    }),
  ],
};
