import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../../errors.ts';
import type { NicStatistics } from '../../../nic/nic-statistics.ts';
import type { Workload, WorkloadContext } from '../../workload.ts';
import type { FleetGuest } from '../../fleet.ts';
import { fleetStations, functionStations, hostStation } from './functions.ts';
import { type Form, type MatrixResult, runMatrix } from './matrix.ts';
import { matrixTable } from './table.ts';

/** Functions that are enabled, and those of them that talk. */
const enabled = 7;
const talking = [0, 1];

/** The matrix of PF, virtual functions and external host in one guest. */
export async function matrixInOneGuest(
  { open, step, folder, print, keep }: Pick<WorkloadContext, 'open' | 'step' | 'folder' | 'print' | 'keep'>,
  form: Form,
): Promise<MatrixResult> {
  const scene = await open({ cpus: 2, capture: false }, true);
  const stations = await step(`${enabled} virtual functions, ${talking.length} in namespaces`, () =>
    functionStations(scene, enabled, talking),
  );
  const { nic } = scene;
  const counters = nic.statistics === undefined ? undefined : (): Promise<NicStatistics> => nic.statistics!();
  const peers = [hostStation(scene.host, hostFiles(folder)), ...stations];
  const result = await runMatrix('one guest', peers, form, step, counters);
  print(matrixTable(result));
  keep(result);
  return result;
}

/** Folder for what the external host sends and receives. */
export function hostFiles(folder: string): string {
  const files = join(folder, 'host-files');
  mkdirSync(files, { recursive: true });
  return files;
}

/** Fails where a check of a matrix or a flood did. */
export function mustBeGreen(results: readonly MatrixResult[]): void {
  const all = results.flatMap(({ checks }) => checks);
  const failed = all.filter(({ ok }) => !ok);
  const lossy = results.flatMap(({ floods }) => floods).filter(({ ok }) => !ok);
  const [check, flood] = [failed[0], lossy[0]];
  if (check !== undefined)
    throw new LabError(
      'MATRIX',
      `${failed.length} of ${all.length} checks failed, the first from ${check.from} to ${check.to}: ${check.check} IPv${check.family}: ${check.detail}`,
    );
  if (flood !== undefined)
    throw new LabError(
      'MATRIX_LOSS',
      `${flood.from} to ${flood.to}: ${flood.lostAtHalf} of ${flood.sentAtHalf} datagrams lost at half the rate, ${flood.unaccounted} lost ones in no counter at full rate`,
    );
}

/** The matrix of one NIC whose functions are in several guests. */
async function matrixOfFleet(context: WorkloadContext, title: string, fleet: FleetPlan): Promise<MatrixResult> {
  const { step, print, keep } = context;
  const opened = await context.openFleet!(fleet.guests);
  const stations = await fleetStations(opened, fleet.inPfGuest, step);
  const result = await runMatrix(
    title,
    [hostStation(opened.host, hostFiles(context.folder)), ...stations],
    'full',
    step,
    () => opened.nic.request('statistics'),
  );
  print(matrixTable(result));
  keep(result);
  return result;
}

interface FleetPlan {
  readonly guests: readonly FleetGuest[];
  /** Virtual functions that the PF's guest uses itself. */
  readonly inPfGuest: readonly number[];
}

const plans: readonly (readonly [title: string, plan: FleetPlan])[] = [
  [
    'two guests',
    {
      guests: [
        { name: 'A', pf: 'hierarchy' },
        { name: 'B', vfs: [1] },
      ],
      inPfGuest: [0],
    },
  ],
  [
    'three guests',
    {
      guests: [
        { name: 'A', pf: 'hierarchy' },
        { name: 'B', vfs: [0] },
        { name: 'C', vfs: [6] },
      ],
      inPfGuest: [],
    },
  ],
  [
    'hosted PF, three guests',
    {
      guests: [
        { name: 'A', vfs: [0] },
        { name: 'B', vfs: [1] },
        { name: 'C', vfs: [7] },
      ],
      inPfGuest: [],
    },
  ],
];

export const matrix: Workload = {
  name: 'matrix',
  summary:
    'PF, virtual functions and external host, each with each, in one, two and three guests: ping, UDP, TCP, multicast, broadcast, VLAN, jumbo, loss',
  async run(context) {
    const results = [await matrixInOneGuest(context, 'full')];
    // QEMU's own igb has all its functions in one guest.
    if (context.openFleet !== undefined)
      for (const [title, plan] of plans) results.push(await matrixOfFleet(context, title, plan));
    mustBeGreen(results);
  },
};
