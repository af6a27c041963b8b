/** `outboard lab` and `outboard start`: real guests on the NIC. */
import type { Command } from 'commander';

export function addLabCommands(_program: Command): void {
  // Filled when the lab's parts are in place.
}
