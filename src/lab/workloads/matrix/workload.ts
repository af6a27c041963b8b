import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../../errors.ts';
import type { Workload, WorkloadContext } from '../../workload.ts';
import { functionStations, hostStation } from './functions.ts';
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
  const files = join(folder, 'host-files');
  mkdirSync(files, { recursive: true });
  const result = await runMatrix('one guest', [hostStation(scene, files), ...stations], form, step);
  print(matrixTable(result));
  keep(result);
  return result;
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

export const matrix: Workload = {
  name: 'matrix',
  summary: 'PF, virtual functions and external host, each with each: ping, UDP, TCP, multicast, broadcast, VLAN, jumbo',
  async run(context) {
    mustBeGreen([await matrixInOneGuest(context, 'full')]);
  },
};
