/** The switch against a slow, plain reading of 04 §4.5, 05 §5.8, §5.9 and docs/fidelity.md, with random registers and frames. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../tables/index.ts';
import { addressOf, BROADCAST_ADDRESS, ethernet, MULTICAST_ADDRESS, PoolBench, STRANGER } from './testing.ts';
import { randomFrom } from '../../../packet/testing-random.ts';

const POOLS = [0, 1, 2, 3, 4, 5, 6, 7];
const VIDS = [0, 100, 101];
const GROUP = '01:00:5e:00:00:07';
const FLAGS = ['BAM', 'AUPE', 'ROMPE', 'ROPE', 'MPME'] as const;
const KINDS = ['POOL', 'UPLINK', 'DOWNLINK', 'VLAN'] as const;

type Flag = (typeof FLAGS)[number];
type Kind = (typeof KINDS)[number];

interface Pool {
  readonly flags: ReadonlySet<Flag>;
  readonly receives: boolean;
  readonly longest: number;
  readonly checksMac: boolean;
  readonly checksVlan: boolean;
  readonly loops: boolean;
}

interface Vlan {
  readonly vid: number;
  readonly pools: ReadonlySet<number>;
  readonly local: boolean;
}

interface Rule {
  readonly kinds: ReadonlySet<Kind>;
  readonly destination: number;
  readonly pools: ReadonlySet<number>;
  readonly vlans: ReadonlySet<number>;
}

interface World {
  readonly pools: readonly Pool[];
  /** Pools of the entry for pool n's address; undefined where it is not valid. */
  readonly addresses: readonly (ReadonlySet<number> | undefined)[];
  readonly vlans: readonly Vlan[];
  readonly rules: readonly Rule[];
  readonly hashed: ReadonlySet<string>;
  readonly filtersVlans: boolean;
  readonly ignoresMac: boolean;
  readonly replicates: boolean;
  readonly defaultPool: number | undefined;
  readonly switches: boolean;
}

interface Frame {
  readonly to: string;
  readonly from: string;
  readonly vid: number | undefined;
  readonly length: number;
}

function makeWorld(random: (n: number) => number): World {
  const chance = (percent: number) => random(100) < percent;
  const some = <T>(all: readonly T[], percent: number) => new Set(all.filter(() => chance(percent)));
  return {
    pools: POOLS.map(() => ({
      flags: some(FLAGS, 55),
      receives: chance(85),
      longest: chance(80) ? 2600 : 200,
      checksMac: chance(40),
      checksVlan: chance(40),
      loops: chance(20),
    })),
    addresses: POOLS.map((pool) => (chance(80) ? new Set([pool, ...some(POOLS, 10)]) : undefined)),
    vlans: VIDS.map((vid) => ({ vid, pools: some(POOLS, 60), local: chance(25) })),
    rules: [0, 1, 2, 3].map(() => ({
      kinds: some(KINDS, 12),
      destination: random(8),
      pools: some(POOLS, 30),
      vlans: some([0, 1, 2], 50),
    })),
    hashed: some([GROUP, STRANGER], 60),
    filtersVlans: chance(75),
    ignoresMac: chance(10),
    replicates: chance(80),
    defaultPool: chance(70) ? random(8) : undefined,
    switches: chance(90),
  };
}

function bits(pools: Iterable<number>): number {
  return [...pools].reduce((mask, pool) => mask | (1 << pool), 0);
}

function program(bench: PoolBench, world: World): void {
  const { VMOLR, VT_CTL, RCTL, VMRCTL } = pf;
  const where = (test: (pool: Pool) => boolean) => bits(POOLS.filter((pool) => test(world.pools[pool]!)));
  for (const pool of POOLS) {
    const { flags, longest } = world.pools[pool]!;
    const set = [...flags].reduce(
      (value, flag) => value | VMOLR[flag].mask,
      VMOLR.STRCRC.mask | VMOLR.LPE.mask | longest,
    );
    bench.set('VMOLR', set, pool);
    const entry = world.addresses[pool];
    bench.address(pool, addressOf(pool), bits(entry ?? []));
    if (entry === undefined) bench.set('RAH', 0, pool);
  }
  bench.set(
    'VFRE',
    where(({ receives }) => receives),
  );
  const spoof = where(({ checksMac }) => checksMac) | (where(({ checksVlan }) => checksVlan) << 8);
  const loops = where((pool) => pool.loops) << pf.DTXSWC.LLE.shift;
  bench.set('DTXSWC', spoof | loops | (world.switches ? pf.DTXSWC.LOOPBACK_EN.mask : 0));
  world.vlans.forEach(({ vid, pools, local }, n) => bench.vlan(n, vid, bits(pools), local ? pf.VLVF.LVLAN.mask : 0));
  world.rules.forEach((rule, n) => {
    const kinds = [...rule.kinds].reduce((value, kind) => value | VMRCTL[kind].mask, 0);
    bench.set('VMRCTL', kinds | (rule.destination << VMRCTL.DESTINATION.shift), n);
    bench.set('VMRVM', bits(rule.pools), n);
    bench.set('VMRVLAN', bits(rule.vlans), n);
  });
  for (const table of ['MTA', 'UTA'] as const) for (let n = 0; n < 128; n += 1) bench.set(table, 0, n);
  for (const address of world.hashed) {
    const [e, f] = address
      .split(':')
      .map((part) => Number.parseInt(part, 16))
      .slice(4) as [number, number];
    const hash = (e >>> 4) | (f << 4);
    bench.set(address === STRANGER ? 'UTA' : 'MTA', 1 << (hash & 31), hash >>> 5);
  }
  const { filtersVlans, ignoresMac, replicates, defaultPool } = world;
  bench.set('RCTL', (bench.get('RCTL') & ~RCTL.VFE.mask) | (filtersVlans ? RCTL.VFE.mask : 0));
  bench.set(
    'VT_CTL',
    (ignoresMac ? VT_CTL.IGNORE_MAC.mask : 0) |
      (replicates ? VT_CTL.REPL_EN.mask : 0) |
      (defaultPool === undefined ? VT_CTL.DIS_DEF_POOL.mask : defaultPool << VT_CTL.DEF_PL.shift),
  );
}

/** Where a frame of `source` (undefined: the wire) comes out, as PoolBench.where has it. */
function expected(world: World, frame: Frame, source: number | undefined): string {
  const { to, from, vid, length } = frame;
  const vlans = world.vlans.filter((vlan) => vlan.vid === vid);
  const inVlan = (pool: number) => vlans.some(({ pools }) => pools.has(pool));
  if (source !== undefined) {
    const { checksMac, checksVlan } = world.pools[source]!;
    const entry = POOLS.findIndex((pool) => addressOf(pool) === from);
    if (checksMac && world.addresses[entry]?.has(source) !== true) return '';
    if (checksVlan && vid !== undefined && !inVlan(source)) return '';
    if (!world.switches) return 'wire';
  }
  const isUnicast = (Number.parseInt(to.slice(0, 2), 16) & 1) === 0;
  const with_ = (flag: Flag) => POOLS.filter((pool) => world.pools[pool]!.flags.has(flag));
  const exact = world.addresses[POOLS.findIndex((pool) => addressOf(pool) === to)];
  let pools: number[];
  if (world.ignoresMac) pools = POOLS;
  else if (to === BROADCAST_ADDRESS) pools = with_('BAM');
  else if (!isUnicast) pools = [...with_('MPME'), ...(world.hashed.has(to) ? with_('ROMPE') : [])];
  else if (exact === undefined) pools = world.hashed.has(to) ? with_('ROPE') : [];
  else pools = [...exact];
  let isLocal = false;
  if (world.filtersVlans) {
    if (vid === undefined) pools = pools.filter((pool) => world.pools[pool]!.flags.has('AUPE'));
    else pools = pools.filter(inVlan);
    isLocal = vlans.some(({ local }) => local);
  }
  const isHere = isUnicast && exact !== undefined && !world.ignoresMac && pools.length > 0;
  const leaves = source !== undefined && !isHere && !isLocal;
  if (source === undefined && isUnicast && pools.length === 0 && world.defaultPool !== undefined)
    pools = [world.defaultPool];
  const mayHave = (pool: number) => world.pools[pool]!.receives && (pool !== source || world.pools[pool]!.loops);
  let chosen = new Set(pools.filter(mayHave));
  if (!isUnicast && !world.replicates && chosen.size > 0) chosen = new Set([Math.min(...chosen)]);
  if (world.replicates) {
    const hits = world.rules.filter(
      ({ kinds, pools: watched, vlans: entries }) =>
        (kinds.has('POOL') && [...chosen].some((pool) => watched.has(pool))) ||
        (kinds.has('UPLINK') && source === undefined) ||
        (kinds.has('DOWNLINK') && leaves) ||
        (kinds.has('VLAN') && [...entries].some((entry) => world.vlans[entry]!.vid === vid)),
    );
    for (const { destination } of hits) if (mayHave(destination)) chosen.add(destination);
  }
  const stored = POOLS.filter((pool) => chosen.has(pool) && length + 4 <= world.pools[pool]!.longest);
  return [...(leaves ? ['wire'] : []), ...stored].join(' ');
}

test('random registers and frames come out where a plain reading of the rules has them', () => {
  const random = randomFrom(82576);
  const bench = new PoolBench();
  bench.context.trace.on.fill(0);
  bench.set('RPLOLR', pf.RPLOLR.STRCRC.mask);
  const targets = [...POOLS.map(addressOf), STRANGER, BROADCAST_ADDRESS, MULTICAST_ADDRESS, GROUP, GROUP];
  let outside = 0;
  let inside = 0;
  for (let round = 0; round < 150; round += 1) {
    const world = makeWorld(random);
    program(bench, world);
    for (let n = 0; n < 25; n += 1) {
      const source = random(9);
      const vid = [undefined, undefined, ...VIDS][random(5)];
      const own = random(8) === 0 ? random(8) : source & 7;
      const frame: Frame = {
        to: targets[random(targets.length)]!,
        from: addressOf(own),
        vid,
        length: 60 + 4 * random(60),
      };
      const { to, from, length } = frame;
      const bytes = ethernet(to, vid === undefined ? { from, length } : { from, length, tag: vid | (random(8) << 13) });
      const isFromWire = source === 8;
      const came = isFromWire ? bench.receive(bytes) : bench.send(source + 8 * random(2), bytes);
      const hint = `round ${round}, frame ${n}: ${isFromWire ? 'wire' : source} ${JSON.stringify(frame)}`;
      assert.equal(came, expected(world, frame, isFromWire ? undefined : source), hint);
      outside += came.startsWith('wire') ? 1 : 0;
      inside += /\d/.test(came) ? 1 : 0;
      for (const arrival of bench.arrived) assert.deepEqual(arrival.bytes, bytes);
      assert.equal(bench.looped.length, isFromWire ? 0 : bench.arrived.length);
    }
  }
  assert.ok(outside > 500 && inside > 1000, `${outside} frames went out, ${inside} in`);
});
