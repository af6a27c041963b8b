import { setTimeout as sleep } from 'node:timers/promises';
import { pf } from '../../devices/igb/tables/index.ts';
import { LabError } from '../errors.ts';
import { nicMac } from '../nic-under-test.ts';
import type { Scene } from '../scene.ts';
import type { Workload, WorkloadContext } from '../workload.ts';
import { offsetOf } from './cases/registers.ts';
import { pmeInterrupts } from './pme-interrupts.ts';

const asleepMs = 3000;
/** A guest that has woken has its agent back by then. */
const silentMs = 3000;
const wakeMs = 30_000;
const linkMs = 5000;
/** For experiments (IEEE 802), and the pattern behind it. */
const etherType = Buffer.from([0x88, 0xb5]);
const pattern = Buffer.from('OB');
const patternAt = 12;
const magicRepeats = 16;
const D3hotWithPme = '0103';

const station = Buffer.from(nicMac.replaceAll(':', ''), 'hex');
const broadcast = Buffer.alloc(6, 0xff);
const sender = Buffer.from('0282b5000001', 'hex');
const frame = (...parts: Buffer[]): Buffer => {
  const bytes = Buffer.concat([broadcast, sender, ...parts]);
  return Buffer.concat([bytes, Buffer.alloc(Math.max(0, 60 - bytes.length))]);
};
const magicFrame = frame(etherType, broadcast, ...Array.from({ length: magicRepeats }, () => station));
const patternFrame = frame(etherType, pattern);
const otherFrame = frame(etherType, Buffer.from('no'));

function must(holds: boolean, complaint: string): void {
  if (!holds) throw new LabError('WAKE', complaint);
}

const send = async ({ host }: Scene, bytes: Buffer): Promise<void> =>
  void (await host.exchange([bytes], { count: 0, limitMs: 0 }));

async function isSilent({ machine }: Scene): Promise<boolean> {
  return machine.agent.connect(silentMs).then(
    () => false,
    () => true,
  );
}

/** The whole guest sleeps (suspend to idle), with the NIC in D3hot; a magic packet wakes it. */
async function magic({ step }: WorkloadContext, scene: Scene): Promise<void> {
  const { machine, interfaceName } = scene;
  const before = await pmeInterrupts(machine);
  await step('the guest suspends to idle, with wake-up by magic packet', async (report) => {
    await machine.run(`ethtool -s ${interfaceName} wol g`);
    await machine.agent.start('sleep 1; suspend freeze');
    await sleep(asleepMs);
    must(await isSilent(scene), 'the guest still answers');
    report('its agent is silent');
  });
  await step('another broadcast does not wake it', async () => {
    await send(scene, otherFrame);
    must(await isSilent(scene), 'the guest woke');
  });
  await step('the magic packet does', async (report) => {
    const begin = performance.now();
    await send(scene, magicFrame);
    await machine.boot(wakeMs);
    const milliseconds = Math.round(performance.now() - begin);
    const status = (await machine.run('cat /tmp/resumed')).trim();
    must(status === '0', `suspending ended with ${status}`);
    const raised = (await pmeInterrupts(machine)) - before;
    must(raised > 0, 'no PME interrupt was counted');
    const log = (await machine.run('dmesg | grep -c "PM: suspend exit"')).trim();
    report(`after ${milliseconds} ms, by ${raised} PME interrupts; ${log} resume in its log`);
  });
  await step('and traffic goes on', async () => {
    await machine.run(`ethtool -s ${interfaceName} wol d`);
    await scene.waitForCarrier(true, 20_000);
    await scene.mustPing(20);
  });
}

/** Shell: registers of a function by `peek OFFSET` and `poke OFFSET VALUE`, and its config space by `config WORDS`. */
const shell = (address: string): string =>
  `bar=$(head -n 1 /sys/bus/pci/devices/${address}/resource | cut -d ' ' -f 1); peek() { busybox devmem $((bar + $1)) 32; }; poke() { busybox devmem $((bar + $1)) 32 $2; }; config() { setpci -s ${address} "$@"; }`;

/** igb has no use for flexible filters, so the function is set up by hand; the root port tells of its PME. */
async function flexible({ step }: WorkloadContext, scene: Scene): Promise<void> {
  const { machine, interfaceName } = scene;
  const { CTRL, FHFT, RCTL, STATUS, WUC, WUFC, WUPL, WUPM, WUS } = pf;
  const address = (await machine.run(`basename $(readlink /sys/class/net/${interfaceName}/device)`)).trim();
  const run = (script: string, timeoutMs = 30_000): Promise<string> =>
    machine.run(`${shell(address)}; ${script}`, timeoutMs);
  const words = Buffer.concat([etherType, pattern]).readUInt32LE(0);
  const row = Math.floor(patternAt / 8) * 4;
  const mask = ((1 << (etherType.length + pattern.length)) - 1) << (patternAt % 8);
  const hex = (value: number): string => `0x${value.toString(16)}`;
  await step('without a driver: a flexible filter, and D3hot', async (report) => {
    await run(`echo ${address} > /sys/bus/pci/drivers/igb/unbind; config COMMAND=6`);
    await run(`poke ${offsetOf(CTRL)} ${hex(0x8000_0000)}; sleep 0.1; poke ${offsetOf(CTRL)} ${hex(CTRL.SLU.mask)}`);
    const link = `for i in $(seq ${linkMs / 50}); do [ $(($(peek ${offsetOf(STATUS)}) & ${STATUS.LU.mask})) != 0 ] && exit 0; sleep 0.05; done; exit 1`;
    await run(link, 3 * linkMs);
    const pokes: readonly (readonly [at: string, value: number])[] = [
      [offsetOf(RCTL), RCTL.EN.mask | RCTL.BAM.mask],
      [offsetOf(FHFT, row + 1), words],
      [offsetOf(FHFT, row + 2), mask],
      [offsetOf(FHFT, 63), 2 * 8],
      [offsetOf(WUS), 0xffffffff],
      [offsetOf(WUFC), WUFC.FLX0.mask],
      [offsetOf(WUC), WUC.PME_EN.mask],
    ];
    await run(pokes.map(([at, value]) => `poke ${at} ${hex(value)}`).join('; '));
    await run(`config BASE_ADDRESS_0 > /tmp/bar; config CAP_PM+4.w=${D3hotWithPme}`);
    report((await run('config CAP_PM+4.w')).trim());
  });
  const before = await pmeInterrupts(machine);
  await step('a frame without the pattern raises no PME', async () => {
    await send(scene, otherFrame);
    await sleep(500);
    must((await pmeInterrupts(machine)) === before, 'a PME was raised');
  });
  await step('the pattern does, and WUS, WUPL and WUPM tell', async (report) => {
    await send(scene, patternFrame);
    await sleep(500);
    const raised = (await pmeInterrupts(machine)) - before;
    must(raised > 0, 'no PME was raised');
    const read = [WUS, WUPL].map((register) => `peek ${offsetOf(register)}`);
    const text = await run(
      `config CAP_PM+4.w=8000; sleep 0.1; config BASE_ADDRESS_0=$(cat /tmp/bar) COMMAND=6; ${read.join('; ')}; peek ${offsetOf(WUPM, patternAt / 4)}`,
    );
    const [why, length, start] = text.trim().split('\n').map(Number);
    must(why === WUFC.FLX0.mask, `WUS is ${hex(why ?? 0)}`);
    must(length === patternFrame.length && start === words, `WUPL is ${length}, WUPM ${hex(start ?? 0)}`);
    report(`${raised} PME interrupts; WUS ${hex(why!)}, ${length} bytes, ${hex(start!)}`);
  });
  await step('igb takes the function again', async () => {
    await run(`poke ${offsetOf(WUS)} 0xffffffff`);
    // Its config space is as after a reset: BARs and all else have to be given anew.
    await machine.run(`echo 1 > /sys/bus/pci/devices/${address}/remove; echo 1 > /sys/bus/pci/rescan`, 60_000);
    await scene.bind();
    await scene.up();
    await scene.mustPing(20);
  });
}

export const wake: Workload = {
  name: 'wake',
  summary: 'a magic packet wakes a guest that is suspended, a pattern a function in D3hot: PME by the root port',
  async run(context) {
    const scene = await context.open({ cpus: 1, kernelWords: ['iomem=relaxed'] });
    await magic(context, scene);
    await flexible(context, scene);
  },
};
