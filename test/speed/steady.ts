/** Runs cases of the device until compilers have done their work, says so, and runs them on: for --trace-deopt. */
import { deviceCases } from '../../src/bench/device-cases.ts';
import { openInProcess } from '../../src/bench/in-process.ts';

const WARM_UP_MS = 4000;
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
