import type { VirtualMachine } from '../virtual-machine.ts';

/** Interfaces of igb in a guest with their PCI addresses, in the order of those. */
export async function igbInterfaces(machine: VirtualMachine): Promise<{ name: string; address: string }[]> {
  const text = await machine.run(
    `for net in /sys/class/net/*; do case "$(readlink $net/device/driver)" in */igb) echo "$(basename $(readlink $net/device)) \${net##*/}";; esac; done | sort`,
  );
  const lines = text.trim().split('\n');
  return lines.map((line) => line.split(' ')).map(([address = '', name = '']) => ({ address, name }));
}
