import koffi from 'koffi';

const CLOCK_THREAD_CPUTIME_ID = 3;
const time = new BigInt64Array(2);
const clockGettime = koffi.load('libc.so.6').func('clock_gettime', 'int', ['int', 'void *']) as (
  clock: number,
  time: BigInt64Array,
) => number;

/** Processor time that this thread has used, in ns: what others do on the machine does not count. For measurements. */
export function threadTimeNs(): number {
  clockGettime(CLOCK_THREAD_CPUTIME_ID, time);
  return Number(time[0]) * 1e9 + Number(time[1]);
}
