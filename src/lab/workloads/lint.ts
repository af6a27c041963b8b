import { explanationOf } from '../../lint/explained.ts';
import type { LintReport } from '../../lint/index.ts';
import { LabError } from '../errors.ts';
import { lintLines } from '../lint-summary.ts';
import type { Scene } from '../scene.ts';
import type { Workload } from '../workload.ts';
import { functionFolder, vfInterface } from './matrix/functions.ts';
import { mustBe } from './sriov/effects.ts';
import { GuestPlace, mustRun } from './matrix/place.ts';

/** igbvf polls its mailbox 2,000 times after it, on a busy host for long. */
const flrMs = 90_000;

/** What stock drivers do: settings that stop and start queues, each followed by traffic. */
const settings: readonly (readonly [what: string, words: (name: string) => string])[] = [
  ['rings of another size', (name) => `ethtool -G ${name} rx 512 tx 128`],
  ['one queue, and more', (name) => `ethtool -L ${name} combined 1; ethtool -L ${name} combined 2`],
  ['offloads off and on', (name) => `ethtool -K ${name} tso off rx off tx off; ethtool -K ${name} rx on tx on tso on`],
  ['a large MTU, and back', (name) => `ip link set ${name} mtu 9000; ip link set ${name} mtu 1500`],
  ['promiscuous, and back', (name) => `ip link set ${name} promisc on; ip link set ${name} promisc off`],
  [
    'a VLAN, and none',
    (name) => `ip link add link ${name} name v7 type vlan id 7; ip link set v7 up; ip link delete v7`,
  ],
  ['pause off and on', (name) => `ethtool -A ${name} rx off tx off; ethtool -A ${name} rx on tx on`],
];

async function virtualFunctions(scene: Scene): Promise<void> {
  const place = new GuestPlace('guest', scene.machine);
  const folder = await functionFolder(place, scene.interfaceName);
  await mustRun(place, `modprobe igbvf; echo 2 > ${folder}/sriov_numvfs`, 60_000);
  for (const index of [0, 1]) {
    const name = await vfInterface(place, folder, index);
    await mustRun(
      place,
      `ip link set ${name} up; for i in $(seq 100); do [ "$(cat /sys/class/net/${name}/carrier)" = 1 ] && break; sleep 0.1; done; ip link set ${name} promisc on; ip link set ${name} mtu 1400`,
    );
  }
  await mustRun(place, `echo flr > ${folder}/virtfn0/reset_method; echo 1 > ${folder}/virtfn0/reset`, flrMs);
  await scene.mustPing(5);
  await mustRun(place, `echo 0 > ${folder}/sriov_numvfs; rmmod igbvf`, 60_000);
  await scene.up();
}

/** Fails where a driver did what nobody has explained. */
function mustBeExplained({ findings }: LintReport): string {
  const unexplained = findings.filter((finding) => explanationOf(finding) === undefined);
  if (unexplained.length > 0) throw new LabError('LINT', lintLines({ findings: unexplained, unlisted: 0 }).join('; '));
  const rules = new Set(findings.map(({ rule }) => rule));
  return findings.length === 0 ? 'nothing' : `${findings.length} that docs/lint.md explains: ${[...rules].join(', ')}`;
}

export const lint: Workload = {
  name: 'lint',
  summary: 'stock igb and igbvf do nothing against the rules of the lint that is not explained',
  async run({ open, step, keep }) {
    const scene = await open({ cpus: 2, capture: false }, true);
    const { nic } = scene;
    if (nic.lint === undefined) return;
    const seen = (): Promise<LintReport> => nic.lint!();
    await step('traffic', async () => void (await scene.mustPing(20, '-s 1400')));
    for (const [what, words] of settings)
      await step(what, async () => {
        await scene.machine.run(words(scene.interfaceName), 60_000);
        await scene.up();
        await scene.mustPing(5);
      });
    await step('two virtual functions, and a reset of one', () => virtualFunctions(scene));
    await step('rmmod and modprobe', async () => {
      await scene.machine.run('rmmod igb && modprobe igb', 60_000);
      await scene.bind();
      await scene.up();
      await scene.mustPing(5);
    });
    await step('what the lint has seen', async (report) => {
      const found = await seen();
      mustBe(found.unlisted === 0, 'there is more than the lint lists');
      report(mustBeExplained(found));
    });
    await step('dumps, which read registers of the whole family', async (report) => {
      const name = scene.interfaceName;
      for (const option of ['-d', '-e', '-S']) await scene.machine.run(`ethtool ${option} ${name} > /dev/null`, 60_000);
      report(mustBeExplained(await seen()));
    });
    await step('the self-test, which writes patterns to registers', async (report) => {
      await scene.machine.run(`ethtool -t ${scene.interfaceName} offline > /dev/null`, 60_000);
      report(mustBeExplained(await seen()));
    });
    keep(await seen());
  },
};
