/** `outboard qtest` and `outboard-system-x86_64`: QEMU's QTest protocol, with QEMU's command line. */
import { readFileSync } from 'node:fs';
import { inlineMore } from '../linux/index.ts';
import { QTestError } from '../qtest/errors.ts';
import { parseCommandLine } from '../qtest/options/command-line.ts';
import { printReport } from '../qtest/replay/print.ts';
import { commandLineOf, replay } from '../qtest/replay/replay.ts';
import { parseScript } from '../qtest/replay/script.ts';
import { QTestServer } from '../qtest/server.ts';
import { reportError } from './report-error.ts';

const help = `Usage: outboard qtest [QEMU's options]
       outboard qtest --replay FILE [--json] [QEMU's options]

Speaks QEMU's QTest protocol, with our 82576 in a small PC. As outboard-system-x86_64 it is what libqtest calls QEMU.

  -qtest stdio|unix:PATH[,server=on]     where the protocol is spoken
  -qtest-log FILE|none                   its log; standard error where not given
  -machine pc|q35|none, -M …             versioned names too, such as pc-q35-9.2
  -m SIZE                                main memory, 128M where not given
  -device igb[,id=,addr=,bus=,mac=,netdev=]
  -device pcie-root-port,id=ID[,addr=]   on q35
  -netdev socket|stream|dgram|hubport|tap|user,id=ID,…
  -object filter-dump,id=ID,netdev=ID,file=FILE
  -qmp unix:PATH, -chardev … -mon …      QMP beside it
  -trace GLOB[,file=FILE]                trace events, such as igb_tx_*
  -nodefaults, -display none, -accel qtest and the like are taken as QEMU takes them

  --replay FILE   does the commands of a reproducer and says what happened

Examples:
  $ outboard qtest -qtest stdio -machine q35 -nodefaults -device igb
  $ outboard qtest --replay test/reproducers/rx-into-transmit-tail.qtest
  $ QTEST_QEMU_BINARY=bin/outboard-system-x86_64 ./qos-test -p /x86_64/pc/…`;

/** `--replay FILE`: 0 where every answer was the expected one, if the script expects any. */
function runReplay(words: readonly string[], at: number): number {
  const file = words[at + 1];
  if (file === undefined) throw new QTestError('QTEST_OPTION', '--replay needs a file');
  const json = words.includes('--json');
  const more = words.filter((word, index) => index !== at && index !== at + 1 && word !== '--json');
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'latin1');
  } catch (error) {
    throw new QTestError('QTEST_FILE', `cannot read ${file}: ${(error as Error).message}`);
  }
  const script = parseScript(text);
  const report = replay(script, commandLineOf(script, more));
  console.log(json ? JSON.stringify(report, undefined, 2) : printReport(report));
  return report.unexpected.length > 0 ? 1 : 0;
}

/** Runs the command with the words after its name; resolves to the exit status. */
export async function runQTest(words: readonly string[]): Promise<number> {
  try {
    if (words.includes('--help') || words.includes('-h') || words.includes('-help')) {
      console.log(help);
      return 0;
    }
    const replayAt = words.indexOf('--replay');
    if (replayAt !== -1) return runReplay(words, replayAt);
    const line = parseCommandLine(words);
    if (line.qtest === undefined && line.qmp.length === 0) {
      console.log(help);
      return 1;
    }
    inlineMore();
    const server = new QTestServer(line);
    const end = (): void => server.end();
    process.once('SIGTERM', end).once('SIGINT', end).once('SIGHUP', end);
    await server.run();
    return 0;
  } catch (error) {
    return reportError(error);
  }
}
