import type { Reporter } from '../../reporter.ts';
import {
  blocks,
  type CheckName,
  type CheckResult,
  datagramCount,
  type DatagramKind,
  datagramKinds,
  makeDatagrams,
  makeFiles,
  shortBytes,
  pingCommand,
  pingCount,
  sendDatagrams,
  servers,
  sinkFile,
  tagOf,
  tcpCommand,
  waitForServers,
} from './checks.ts';
import { type FloodResult, floods, type NicCounters } from './flood.ts';
import { mustRun, type Place } from './place.ts';
import type { Family, Station } from './station.ts';
import { withJumboFrames, withVlan } from './variants.ts';
import { judgePing, judgeTcp } from './judge.ts';

export type Form = 'quick' | 'full';

/** A matrix as the JSON has it: stations in order, results of each ordered pair; floods in the full form only. */
export interface MatrixResult {
  readonly title: string;
  readonly form: Form;
  readonly stations: readonly string[];
  readonly checks: readonly CheckResult[];
  readonly floods: readonly FloodResult[];
  readonly ok: boolean;
}

const families: readonly Family[] = [4, 6];
const tcpBytes: Readonly<Record<Form, number>> = { quick: 4 * 1024 * 1024, full: 64 * 1024 * 1024 };
const scriptMs = 600_000;
const lateMs = 400;

/** Hashes of what each station sends, by file name below its place's folder. */
type Hashes = Map<Station, Map<string, string>>;

/** Makes data and starts servers at every station. They stay as long as the places do. */
export async function prepareStations(stations: readonly Station[], form: Form): Promise<Hashes> {
  const hashes: Hashes = new Map();
  await Promise.all(
    byPlace(stations).map(async ([place, here]) => {
      const sums = async (script: string): Promise<[string, string][]> =>
        (await mustRun(place, script, scriptMs))
          .trim()
          .split('\n')
          .map((line) => [line.split(/\s+/)[1]!, line.split(/\s+/)[0]!]);
      const files = await sums(makeFiles(place.folder, tcpBytes[form]));
      for (const station of here) {
        hashes.set(station, new Map([...files, ...(await sums(makeDatagrams(station)))]));
        for (const command of servers(station)) await place.start(command);
        await station.run(waitForServers(), scriptMs);
      }
    }),
  );
  return hashes;
}

/** Runs the checks of every ordered pair of stations. A check that fails is a finding, not an error. */
export async function runMatrix(
  title: string,
  stations: readonly Station[],
  form: Form,
  step: Reporter['step'],
  nic?: NicCounters,
): Promise<MatrixResult> {
  const checks: CheckResult[] = [];
  const hashes = await step(`${title}: servers and data`, () => prepareStations(stations, form));
  const others = (from: Station): Station[] => stations.filter((station) => station !== from);
  const note = (found: readonly CheckResult[], report: (text: string) => void): void => {
    checks.push(...found);
    const failed = found.filter((check) => !check.ok);
    report(failed.length === 0 ? `${found.length} checks` : `${failed.length} of ${found.length} checks failed`);
  };
  for (const from of stations)
    await step(`${title}: from ${from.label}`, async (report) =>
      note(await basicChecks(from, others(from), stations, form, hashes), report),
    );
  if (form === 'full') {
    await withVlan(stations, () =>
      step(`${title}: in a VLAN`, async (report) => {
        note((await inTurn(stations, (from) => variantChecks('vlan', from, others(from), hashes))).flat(), report);
      }),
    );
    await withJumboFrames(stations, () =>
      step(`${title}: jumbo frames`, async (report) => {
        note((await inTurn(stations, (from) => variantChecks('jumbo', from, others(from), hashes))).flat(), report);
      }),
    );
  }
  const flooded = form === 'full' ? await floods(title, stations, nic, step) : [];
  return {
    title,
    form,
    stations: stations.map(({ label }) => label),
    checks,
    floods: flooded,
    ok: [...checks, ...flooded].every(({ ok }) => ok),
  };
}

/** One after the other, so that they do not disturb each other. */
async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

function byPlace(stations: readonly Station[]): [Place, Station[]][] {
  const places = new Map<Place, Station[]>();
  for (const station of stations) places.set(station.place, [...(places.get(station.place) ?? []), station]);
  return [...places];
}

async function basicChecks(
  from: Station,
  others: readonly Station[],
  stations: readonly Station[],
  form: Form,
  hashes: Hashes,
): Promise<CheckResult[]> {
  const kinds = datagramKinds.filter((kind) => kind !== 'broadcast' || form === 'full');
  await Promise.all(
    byPlace(stations).map(([place, here]) =>
      mustRun(place, here.flatMap((s) => families.map((family) => `: > ${sinkFile(s, family)}`)).join('\n')),
    ),
  );
  const commands: string[] = [];
  for (const to of others)
    for (const family of families) {
      const address = to.address(family);
      commands.push(pingCommand(`${to.label} ping ${family}`, address));
      commands.push(sendDatagrams('unicast', family, from, to));
      commands.push(tcpCommand(`${to.label} tcp ${family}`, family, address, `${from.place.folder}/data`));
    }
  for (const kind of kinds)
    if (kind !== 'unicast') for (const family of families) commands.push(sendDatagrams(kind, family, from));
  const output = await from.try(commands.join('\n'), scriptMs);
  const said = blocks(output.stdout);
  let received = await collect(from, others, kinds);
  if ([...received.values()].some(({ count }) => count < datagramCount)) {
    await new Promise((resolve) => setTimeout(resolve, lateMs));
    received = await collect(from, others, kinds);
  }
  const results: CheckResult[] = [];
  for (const to of others)
    for (const family of families) {
      const result = (check: CheckName, judged: { ok: boolean; detail: string }): void => {
        results.push({ from: from.label, to: to.label, check, family, ...judged });
      };
      result('ping', judgePing(said.get(`${to.label} ping ${family}`), pingCount));
      for (const kind of kinds) {
        const got = received.get(`${to.label} ${family} ${kind}`);
        const wanted = hashes.get(from)?.get(`${kind}-${from.label}`);
        const whole = got?.count === datagramCount;
        const ok = whole && got.hash === wanted;
        const detail = ok
          ? `${datagramCount} datagrams`
          : whole
            ? 'datagrams damaged or out of order'
            : `${got?.count ?? 0} of ${datagramCount} datagrams arrived`;
        result(kind === 'unicast' ? 'udp' : kind, { ok, detail });
      }
      const tcp = said.get(`${to.label} tcp ${family}`);
      result('tcp', judgeTcp(tcp, hashes.get(from)?.get('data'), tcpBytes[form]));
    }
  return results;
}

/** What arrived of a station's datagrams, by "LABEL FAMILY KIND". */
async function collect(
  from: Station,
  others: readonly Station[],
  kinds: readonly DatagramKind[],
): Promise<Map<string, { count: number; hash: string }>> {
  const received = new Map<string, { count: number; hash: string }>();
  await Promise.all(
    byPlace(others).map(async ([place, here]) => {
      const commands = here.flatMap((to) =>
        families.flatMap((family) =>
          kinds.map(
            (kind) =>
              `grep -a '^${tagOf(kind, from)}' ${sinkFile(to, family)} > ${place.folder}/one; echo "${to.label} ${family} ${kind} $(wc -l < ${place.folder}/one) $(sha256sum < ${place.folder}/one)"`,
          ),
        ),
      );
      for (const line of (await mustRun(place, commands.join('\n'))).trim().split('\n')) {
        const [label, family, kind, count, hash] = line.split(/\s+/);
        received.set(`${label} ${family} ${kind}`, { count: Number(count), hash: hash ?? '' });
      }
    }),
  );
  return received;
}

/** Pings and a short TCP transfer between the addresses of a VLAN, or with jumbo frames. */
async function variantChecks(
  check: 'vlan' | 'jumbo',
  from: Station,
  others: readonly Station[],
  hashes: Hashes,
): Promise<CheckResult[]> {
  const words = check === 'vlan' ? '-s 1452 -M do' : '-s 8000 -M do';
  const commands: string[] = [];
  for (const to of others)
    for (const family of families) {
      const address = check === 'vlan' ? to.vlanAddress(family) : to.address(family);
      const tag = `${to.label} ${family}`;
      commands.push(pingCommand(`${tag} small`, address));
      commands.push(pingCommand(`${tag} large`, address, words));
      commands.push(tcpCommand(`${tag} tcp`, family, address, `${from.place.folder}/short`));
    }
  const said = blocks((await from.try(commands.join('\n'), scriptMs)).stdout);
  return others.flatMap((to) =>
    families.map((family) => {
      const tag = `${to.label} ${family}`;
      const parts = [
        judgePing(said.get(`${tag} small`), pingCount),
        judgePing(said.get(`${tag} large`), pingCount),
        judgeTcp(said.get(`${tag} tcp`), hashes.get(from)?.get('short'), shortBytes),
      ];
      const detail = (parts.find((part) => !part.ok) ?? parts[2]!).detail;
      return { from: from.label, to: to.label, check, family, ok: parts.every((part) => part.ok), detail };
    }),
  );
}
