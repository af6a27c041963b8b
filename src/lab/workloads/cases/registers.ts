/** Registers of the PF from a shell in the guest, as a broken or hostile program would write them. */

/** Memory that the guest's kernel leaves alone. */
export const spareMemory = 0x600_0000;

/** For the guest's kernel: /dev/mem has the spare memory, and what a driver has claimed as well. */
export const kernelWords = ['iomem=relaxed', `memmap=1M$0x${spareMemory.toString(16)}`];

/** Shell: `poke OFFSET VALUE` writes a register of the function behind an interface. */
export function pokeFunction(interfaceName: string): string {
  return `bar=$(head -n 1 /sys/class/net/${interfaceName}/device/resource | cut -d ' ' -f 1); poke() { busybox devmem $((bar + $1)) 32 $2; }`;
}

/** A register's offset in hex; of an array, that of an element. */
export function offsetOf(register: { readonly at: number; readonly step: number }, element = 0): string {
  return `0x${(register.at + element * register.step * 4).toString(16)}`;
}
