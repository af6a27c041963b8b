import { pf } from '../../../devices/igb/tables/index.ts';
import { hostAddress } from '../../external-host-protocol.ts';
import type { Workload } from '../../workload.ts';
import { offsetOf, pokeFunction } from './registers.ts';
import { Terminal } from './terminal.ts';

/** What the doctor needs, and the faults. */
const traced = ['igb_tx_*', 'igb_rx_*', 'igb_irq_*', 'igb_reset_*', 'fault_*'];
const ping = `ping -n -c 3 -W 2 ${hostAddress}`;
/** Over before Linux resets a NIC whose transmit queue has not moved for five seconds. */
const briefPing = `ping -n -c 3 -i 0.2 -W 1 ${hostAddress}`;
const healthy = /rx 0 .* ok /;
/** igb finds it itself, or since Linux 7 the kernel's watchdog does, which then has igb reset the NIC. */
const hang = /Detected Tx Unit Hang|transmit queue 0 timed out/;
/** The reset's time in seconds, cut to what lies before it. */
const stuckThenReset = /fault_descriptor_stuck .*queue 0.*\n *(\d+\.\d{3})\d* igb_reset/;

export const hungQueue: Workload = {
  name: 'case-hung-queue',
  summary: 'a worked case of docs/debugging.md: a queue hangs, once by the driver and once by the device',
  async run(context) {
    const terminal = await Terminal.open(context, 'case-hung-queue');
    const { scene, trace } = terminal;
    const poke = pokeFunction(scene.interfaceName);
    const doctor = `outboard trace doctor ${trace}`;
    const stuckOrReset = `outboard trace show ${trace} --event 'fault_*' --event igb_reset_software | grep -A 1 fault_`;
    await context.step('trace what the doctor needs', async () => {
      for (const glob of traced) await terminal.monitor(`trace-event '${glob}' on`);
      await terminal.guest(ping, / 0% packet loss/);
    });
    await terminal.step('a healthy queue', () => terminal.type(doctor, /tx 0 /, healthy));
    await terminal.step('a driver that forgets to unmask its interrupts', async () => {
      await scene.machine.run(`${poke}; poke ${offsetOf(pf.EIMC)} 0xffffffff`);
      await terminal.guest(briefPing, /100% packet loss/);
    });
    await terminal.step('the doctor: it is the driver’s turn', async () => {
      await terminal.type(doctor, /^rx 0: vector \d+ is masked: .* it is the driver's turn/m);
      // Its cause is pending, and it is not enabled.
      await terminal.monitor('info irq', /pf +\d+ +\d+ +yes +no/);
    });
    await terminal.step('unmasked, it goes on', async () => {
      await scene.machine.run(`${poke}; poke ${offsetOf(pf.EIMS)} 0xffffffff`);
      await terminal.guest(ping, / 0% packet loss/);
      await terminal.type(doctor, healthy);
    });
    await terminal.step('a device that forgets a descriptor', async () => {
      await terminal.monitor('fault stuck-descriptor,direction=tx,queue=0');
      await scene.machine.try(`ping -n -c 20 -i 0.2 -W 1 ${hostAddress}`, 60_000);
      await terminal.guest('dmesg | grep -A 3 -E "Tx Unit Hang|timed out"', hang);
    });
    await terminal.step('the doctor: it is the device’s turn', async () => {
      await terminal.guest(ping);
      const [, reset] = stuckThenReset.exec(await terminal.type(stuckOrReset, /fault_descriptor_stuck/)) ?? [];
      const before = reset === undefined ? doctor : `${doctor} --to ${reset}`;
      await terminal.type(before, /^tx 0: a fault .* it is the device's turn/m);
      await terminal.type(`outboard trace grep fault_ ${trace}`, /fault_descriptor_stuck .*queue 0/);
      await terminal.monitor('info faults', /stuck-descriptor/);
    });
    await terminal.step('after a reset it goes on', async () => {
      await terminal.monitor('fault clear');
      await terminal.guest(`ip link set ${scene.interfaceName} down; ip link set ${scene.interfaceName} up`);
      await terminal.guest(ping, / 0% packet loss/);
      await terminal.type(doctor, healthy);
      const events = await terminal.type(stuckOrReset, stuckThenReset);
      const [, seconds] = stuckThenReset.exec(events)!;
      await terminal.type(`${doctor} --to ${seconds}`, /^tx 0: a fault .* it is the device's turn/m);
    });
  },
};
