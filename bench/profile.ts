/**
 * One device case in this process, for profilers: `node --cpu-prof build/bench/profile.js tx-64 [SECONDS]`. Prints processor
 * time a packet; "all" names every case.
 */
import { deviceCases } from '../src/bench/device-cases.ts';
import { openInProcess } from '../src/bench/in-process.ts';
import { median } from '../src/bench/sample.ts';

const [name = 'tx-64', seconds = '3'] = process.argv.slice(2);
for (const device of deviceCases.filter((each) => name === 'all' || each.name === name)) {
  const work = openInProcess(device);
  const samples: number[] = [];
  for (const end = process.cpuUsage().user + Number(seconds) * 1e6; process.cpuUsage().user < end;) {
    work.prepare();
    const begin = process.cpuUsage();
    work.run();
    const { user, system } = process.cpuUsage(begin);
    samples.push(((user + system) * 1000) / work.packets);
  }
  console.log(device.name.padEnd(18), `${median(samples.slice(samples.length >> 1)).toFixed(0)} ns`);
}
