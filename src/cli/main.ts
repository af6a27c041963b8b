/** The command line. */
import { CommanderError } from 'commander';
import { makeProgram } from './program.ts';
import { reportError } from './report-error.ts';

/** Who reads our output may stop reading (`| head -1`): no fault of ours, and no reason to end a NIC. */
function bearClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') process.exitCode = 1;
    });
  }
}

bearClosedOutput();
try {
  await makeProgram().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else process.exitCode = reportError(error);
}
