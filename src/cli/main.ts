/** The command line. */
import { Command, CommanderError } from 'commander';
import { addLabCommands } from './lab.ts';
import { addNicCommand } from './nic.ts';
import { reportError } from './report-error.ts';

const program = new Command('outboard')
  .description("A PCIe NIC that lives outside the virtual machine: Intel's 82576 over vfio-user")
  .version('0.1.0')
  .showHelpAfterError('(see --help)')
  .exitOverride();

addNicCommand(program);
addLabCommands(program);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else process.exitCode = reportError(error);
}
