/** Runs cases of the device until compilers have done their work, says so, and runs them on: for --trace-deopt. */
import { deviceCases } from '../../src/bench/device-cases.ts';
import { openInProcess } from '../../src/bench/in-process.ts';

/** Counters of octets are beyond 31 bits then: the first time, their sums are compiled anew. */
const WARM_UP_MS = 7000;
const STEADY_MS = 1000;

const names = process.argv.slice(2);
const works = names.map((name) => openInProcess(deviceCases.find((device) => device.name === name)!));

function loopOverCases(milliseconds: number): void {
  for (const end = process.cpuUsage().user + milliseconds * 1000; process.cpuUsage().user < end;) {
    for (const work of works) {
      work.prepare();
      work.run();
    }
  }
}

loopOverCases(WARM_UP_MS);
console.log('steady');
loopOverCases(STEADY_MS);
