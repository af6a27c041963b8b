/** How a NIC is attached: the whole VMD hierarchy, or one plain function. */
export type Attachment = 'hierarchy' | 'function';

/** Memory that the NIC can map: an fd comes with it only from a shared memfd. */
export function memoryArguments(memoryMegabytes: number): string[] {
  return [
    '-M',
    'q35,memory-backend=m0',
    '-m',
    `${memoryMegabytes}M`,
    '-object',
    `memory-backend-memfd,id=m0,size=${memoryMegabytes}M,share=on`,
  ];
}

/** The device: `-device` takes a socket address only as JSON. Both kinds are one vfio-user function to QEMU. */
export function vfioUserArguments(socketPath: string): string[] {
  return ['-device', JSON.stringify({ driver: 'vfio-user-pci', socket: { type: 'unix', path: socketPath } })];
}

/** A second QMP socket, for the NIC to stop the machine by, and the gdbstub; both in QEMU's working folder. */
export function debugArguments(qmpSocket: string): string[] {
  return [
    ...['-qmp', `unix:${qmpSocket},server=on,wait=off`],
    ...['-chardev', 'socket,id=gdb,path=gdb.sock,server=on,wait=off', '-gdb', 'chardev:gdb'],
  ];
}

/** QEMU's own igb on a root port, its wire the tap behind a file descriptor that QEMU inherits. */
export function ownIgbArguments(tapDescriptor: number, mac: string): string[] {
  return [
    ...['-device', 'pcie-root-port,id=rp0,chassis=1'],
    ...['-netdev', `tap,id=n0,fd=${tapDescriptor}`],
    ...['-device', `igb,bus=rp0,netdev=n0,mac=${mac}`],
  ];
}

/** An argument as one would type it in a shell. */
export function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** The lines for one's own QEMU, options of one kind on a line. */
export function qemuCommand(program: string, args: readonly string[]): string {
  const lines: string[] = [program];
  for (const argument of args) {
    if (argument.startsWith('-')) lines.push(argument);
    else lines[lines.length - 1] += ` ${quoted(argument)}`;
  }
  return lines.join(' \\\n  ');
}
