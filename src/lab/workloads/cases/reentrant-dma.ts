import { pf } from '../../../devices/igb/tables/index.ts';
import { guestAddress } from '../../external-host-protocol.ts';
import type { Scene } from '../../scene.ts';
import type { Workload } from '../../workload.ts';
import { offsetOf, pokeFunction, spareMemory } from './registers.ts';
import { Terminal } from './terminal.ts';

/** A receive queue that igb does not use with one vCPU, with as few descriptors as one may have. */
const queue = 3;
const descriptors = 8;
const arp = 0x0806;
const { ETQF, RDBAH, RDBAL, RDLEN, RDT, RXDCTL, TDT } = pf;
const steal = ETQF.FILTER_ENABLE.mask | ETQF.QUEUE_ENABLE.mask | (queue << ETQF.RX_QUEUE.shift) | arp;
const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

/** The program: every ARP packet is to be received into the register that starts transmission, TDT[0]. */
function rogueProgram({ interfaceName }: Scene): string {
  const write = (offset: string, value: number): string => `poke ${offset} ${hex(value)}`;
  return [
    pokeFunction(interfaceName),
    `for n in $(seq 0 ${descriptors - 1}); do at=$((${spareMemory} + 16 * n)); busybox devmem $at 32 $(((bar + ${offsetOf(TDT)}) & 0xffffffff)); busybox devmem $((at + 4)) 32 $(((bar + ${offsetOf(TDT)}) >> 32)); busybox devmem $((at + 8)) 64 0; done`,
    write(offsetOf(RDBAL, queue), spareMemory),
    write(offsetOf(RDBAH, queue), 0),
    write(offsetOf(RDLEN, queue), descriptors * 16),
    write(offsetOf(RXDCTL, queue), RXDCTL.ENABLE.mask),
    write(offsetOf(RDT, queue), descriptors - 1),
    write(offsetOf(ETQF, 7), steal),
  ].join('\n');
}

/** The host asks for the guest's address first. */
const ping = `ip neigh flush all; ping -n -c 2 -W 2 ${guestAddress}`;

export const reentrantDma: Workload = {
  name: 'case-reentrant-dma',
  summary:
    'a worked case of docs/debugging.md: a program in the guest receives packets into the device’s own registers',
  async run(context) {
    const terminal = await Terminal.open(context, 'case-reentrant-dma');
    const { scene, trace } = terminal;
    await context.step('a program aims a receive ring at TDT', () => scene.machine.run(rogueProgram(scene)));
    await terminal.step('the guest answers no ARP any more', () => terminal.host(ping, /100% packet loss/));
    await terminal.step('the device was asked to write to itself', async () => {
      await terminal.type(
        `outboard trace grep reentrant ${trace} | head -3`,
        new RegExp(`pci_reentrant_access .*${TDT.at.toString(16)}.*write yes`),
      );
    });
    await terminal.step('the BAR, and the ring that points into it', async () => {
      await terminal.monitor('info pci', /BAR0/);
      await terminal.monitor(`info rings ${queue}`, /rx3 of pf: enabled/, /buffer 0x[0-9a-f]*e018/);
    });
    await terminal.step('which packets, and what brought them to that ring', async () => {
      await terminal.monitor(`trace-event 'igb_rx_*' on`);
      await terminal.host(ping, /100% packet loss/);
      const found = await terminal.type(`outboard trace grep reentrant ${trace} | tail -1`, /#\d+/);
      await terminal.type(`outboard trace follow ${/#(\d+)/.exec(found)![1]} ${trace}`, /receive queue 3/);
      await terminal.monitor(`info registers 'ETQF[7]'`, /0x84030806/);
    });
    await terminal.step('without the filter, the device goes on as if nothing had been', async () => {
      await scene.machine.run(
        `${pokeFunction(scene.interfaceName)}; poke ${offsetOf(ETQF, 7)} 0; poke ${offsetOf(RXDCTL, queue)} 0`,
      );
      await terminal.host(ping, / 0% packet loss/);
    });
  },
};
