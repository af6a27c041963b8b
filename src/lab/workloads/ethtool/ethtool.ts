import type { SceneOptions } from '../../scene.ts';
import type { Workload, WorkloadContext } from '../../workload.ts';
import { Effects, mustBe } from '../sriov/effects.ts';
import { vfInterface, functionFolder } from '../matrix/functions.ts';
import { GuestPlace, mustRun } from '../matrix/place.ts';
import { reading } from './reading.ts';
import { settings } from './settings.ts';
import { Subject } from './subject.ts';

/** Kinds of interrupt besides the usual, and how the guest gets them. */
const interruptKinds: readonly (readonly [name: string, proof: RegExp, options: Partial<SceneOptions>])[] = [
  ['MSI behind the VMD', /Using MSI interrupts/, { variant: { attachment: 'hierarchy', msix: false } }],
  ['MSI-X on a function', /Using MSI-X interrupts/, { variant: { attachment: 'function' } }],
  ['MSI on a function', /Using MSI interrupts/, { variant: { attachment: 'function', msix: false } }],
  [
    'INTx on a function',
    /Using legacy interrupts/,
    { variant: { attachment: 'function' }, kernelWords: ['pci=nomsi'] },
  ],
];

/** igb's self-test raises each interrupt, so it proves the kind in use. */
async function selfTests(context: WorkloadContext, effects: Effects): Promise<void> {
  for (const [name, proof, options] of interruptKinds) {
    const scene = await context.open({ cpus: 1, capture: false, ...options }, true);
    await effects.try(`self-test with ${name}`, async (report) => {
      const log = await scene.machine.run('dmesg');
      mustBe(proof.test(log), `igb says "${/Using .* interrupts/.exec(log)?.[0]}"`);
      const subject = new Subject(scene);
      await subject.selfTest('online');
      report(await subject.selfTest('offline'));
      await scene.up();
      await scene.mustPing(10);
    });
  }
}

/** igbvf's self-test is one of the link. */
async function virtualFunction(subject: Subject): Promise<void> {
  const place = new GuestPlace('guest', subject.scene.machine);
  const folder = await functionFolder(place, subject.name);
  await mustRun(place, `modprobe igbvf; echo 1 > ${folder}/sriov_numvfs`, 60_000);
  try {
    const name = await vfInterface(place, folder, 0);
    await mustRun(
      place,
      `ip link set ${name} up; for i in $(seq 100); do [ "$(cat /sys/class/net/${name}/carrier)" = 1 ] && break; sleep 0.1; done`,
    );
    await new Subject(subject.scene, name).selfTest('online');
  } finally {
    await mustRun(place, `echo 0 > ${folder}/sriov_numvfs`, 60_000);
    await subject.scene.up();
  }
}

async function moduleEeprom(subject: Subject): Promise<string> {
  const text = await subject.ethtool('-m');
  const kind = /Transceiver type\s*:\s*(.*)/.exec(text)?.[1] ?? '';
  mustBe(/^\s*Identifier\s*: 0x03 \(SFP\)/m.test(text), 'no SFP is shown');
  await subject.scene.mustPing(5);
  return kind;
}

/** igb looks at the PHY's status two seconds after the link has come up. */
async function crossover(subject: Subject): Promise<string> {
  const look = `for i in $(seq 100); do ethtool ${subject.name} | grep -q "MDI-X: on (auto)" && exit 0; sleep 0.1; done; exit 1`;
  const { status } = await subject.scene.machine.try(look, 30_000);
  mustBe(status === 0, `it says "${/MDI-X: .*/.exec(await subject.ethtool(''))?.[0]}"`);
  return 'MDI-X: on (auto)';
}

export const ethtool: Workload = {
  name: 'ethtool',
  summary: 'what ethtool shows and sets, by its effect; self-tests with MSI-X, MSI and INTx; VF; SFP',
  async run(context) {
    const effects = new Effects(context);
    const subject = new Subject(await context.open({ cpus: 2, capture: false }, true));
    await reading(subject, effects);
    await settings(subject, effects);
    await effects.try('-t on a VF: its link', () => virtualFunction(subject));
    // QEMU's own igb has one form.
    if (context.openFleet !== undefined) {
      await selfTests(context, effects);
      const scene = await context.open({ cpus: 1, capture: false, variant: { media: 'sfp' } }, true);
      await effects.try('-m: the EEPROM of the SFP', async (report) => report(await moduleEeprom(new Subject(scene))));
      const crossed = await context.open({ cpus: 1, capture: false, variant: { cable: { crossed: true } } }, true);
      await effects.try('a crossed cable is made good for', async (report) =>
        report(await crossover(new Subject(crossed))),
      );
    }
    effects.finish();
  },
};
