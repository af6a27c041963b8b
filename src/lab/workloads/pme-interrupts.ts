import type { VirtualMachine } from '../virtual-machine.ts';

/** Interrupts that root ports of a guest have raised for PME so far. */
export async function pmeInterrupts(machine: VirtualMachine): Promise<number> {
  const sum =
    "awk '/PCIe PME|PCIe portdrv|pcie.*pme/i { for (n = 2; n <= NF; n++) if ($n ~ /^[0-9]+$/) sum += $n } END { print sum + 0 }' /proc/interrupts";
  return Number(await machine.run(sum));
}
