/**
 * One device case in this process, for profilers: `node --cpu-prof build/bench/profile.js tx-64 [SECONDS]`. Prints ns
 * a packet; "all" names every case.
 */
import { deviceCases } from '../src/bench/device-cases.ts';
import { openInProcess } from '../src/bench/in-process.ts';

const [name = 'tx-64', seconds = '3'] = process.argv.slice(2);
const names = name === 'all' ? deviceCases : deviceCases.filter((device) => device.name === name);
for (const device of names) {
  const work = openInProcess(device);
  const end = performance.now() + Number(seconds) * 1000;
  const samples: number[] = [];
  while (performance.now() < end) {
    work.prepare();
    const begin = process.hrtime.bigint();
    work.run();
    samples.push(Number(process.hrtime.bigint() - begin) / work.packets);
  }
  samples.sort((a, b) => a - b);
  console.log(
    device.name.padEnd(18),
    samples[samples.length >> 1]!.toFixed(0),
    'ns median',
    samples[samples.length >> 3]!.toFixed(0),
    'ns best eighth',
  );
}
