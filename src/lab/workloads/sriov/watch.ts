import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from '../../errors.ts';
import { mustRun } from '../matrix/place.ts';
import type { Station } from '../matrix/station.ts';

const startTries = 100;
const settleMs = 300;

/** tcpdump on a station's interface, without making it promiscuous. */
export interface Watch {
  /** Ends it; the lines that it printed, a packet a line with its link-level header. */
  stop(): Promise<string[]>;
}

let watches = 0;

/** Starts to watch a station for packets of a pcap filter; resolves once it listens. */
export async function watch(station: Station, filter: string): Promise<Watch> {
  const base = `${station.place.folder}/watch${++watches}`;
  const { place } = station;
  await mustRun(place, `mkdir -p ${place.folder}`);
  const command = `echo $$ > ${base}.pid; exec tcpdump -Z root -p -n -e -l -i ${station.interfaceName} "${filter}" > ${base}.out 2> ${base}.err`;
  await place.start(station.inside(`sh -c '${command}'`));
  const listening = await place.try(
    `i=0; until grep -q 'listening on' ${base}.err 2>/dev/null; do i=$((i+1)); [ $i -gt ${startTries} ] && exit 1; sleep 0.1; done`,
    60_000,
  );
  if (listening.status !== 0) throw new LabError('TCPDUMP', `tcpdump does not start on ${station.label}`);
  return {
    async stop() {
      await sleep(settleMs);
      const text = await mustRun(
        place,
        `kill -INT $(cat ${base}.pid); i=0; until grep -q 'packets* captured' ${base}.err; do i=$((i+1)); [ $i -gt 50 ] && break; sleep 0.1; done; cat ${base}.out`,
      );
      return text.split('\n').filter((line) => line.trim() !== '');
    },
  };
}

/** Packets of a filter that a station sees while `work` runs. */
export async function seenDuring(station: Station, filter: string, work: () => Promise<unknown>): Promise<string[]> {
  const watching = await watch(station, filter);
  await work();
  return watching.stop();
}
