import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../../errors.ts';
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
  const result = await runMatrix('one guest', [hostStation(scene.host, hostFiles(folder)), ...stations], form, step);
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

/** Fails where a check of a matrix did. */
export function mustBeGreen(results: readonly MatrixResult[]): void {
  const all = results.flatMap(({ checks }) => checks);
  const failed = all.filter(({ ok }) => !ok);
  const first = failed[0];
  if (first !== undefined)
    throw new LabError(
      'MATRIX',
      `${failed.length} of ${all.length} checks failed, the first from ${first.from} to ${first.to}: ${first.check} IPv${first.family}: ${first.detail}`,
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

export const matrix: Workload = {
  name: 'matrix',
  summary:
    'PF, virtual functions and external host in one guest, each with each: ping, UDP, TCP, multicast, broadcast, VLAN, jumbo',
  async run(context) {
    mustBeGreen([await matrixInOneGuest(context, 'full')]);
  },
};

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

export const matrices: Workload = {
  name: 'matrices',
  summary: 'the same pairs across two and three guests, and with the PF hosted by the NIC itself',
  async run(context) {
    if (context.openFleet === undefined)
      throw new LabError('NEEDS_OURS', "the functions of QEMU's own igb are in one guest.", 'Leave --nic qemu out.');
    const results: MatrixResult[] = [];
    for (const [title, plan] of plans) results.push(await matrixOfFleet(context, title, plan));
    mustBeGreen(results);
  },
};
