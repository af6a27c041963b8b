import { setTimeout as sleep } from 'node:timers/promises';
import { connectPeer, type Peer } from '../../monitor/peer.ts';
import { LabError } from '../errors.ts';
import type { Scene } from '../scene.ts';
import { table } from '../table.ts';
import type { Workload } from '../workload.ts';
import { download } from './transfer.ts';

const transferBytes = 2 * 1024 * 1024;
/** igb looks every two seconds for a hung queue; a stack that finds it stopped for five resets the adapter. On a busy host each takes longer. */
const patienceSeconds = 120;

interface Case {
  readonly name: string;
  /** In the monitor's words. */
  readonly faults: readonly string[];
  /** What goes on meanwhile. */
  readonly meanwhile: 'transfer' | 'ping';
  /** What the stock driver needs at most to work again once the fault is over. */
  readonly needs: 'nothing' | 'its interface down and up';
}

const cases: readonly Case[] = [
  {
    name: 'frames lost, damaged, doubled, reordered and late, 2 % each, both ways',
    faults: ['drop', 'bad-fcs', 'duplicate', 'reorder', 'delay'].map((kind) => `${kind},probability=0.02,seed=5`),
    meanwhile: 'transfer',
    needs: 'nothing',
  },
  {
    name: 'the link falls twice',
    faults: ['link-flap,count=2,down=1s,period=4s'],
    meanwhile: 'ping',
    needs: 'nothing',
  },
  // With one processor igb has vector 1 for what it receives, and 2 for what it sends.
  {
    name: 'an interrupt of the transmit queue is lost',
    faults: ['lost-interrupt,function=pf,vector=2'],
    meanwhile: 'ping',
    needs: 'nothing',
  },
  {
    name: 'an interrupt of the receive queue is lost',
    faults: ['lost-interrupt,function=pf,vector=1'],
    meanwhile: 'ping',
    needs: 'its interface down and up',
  },
  {
    name: 'every second interrupt 100 ms late',
    faults: ['delayed-interrupt,probability=0.5,delay=100ms'],
    meanwhile: 'ping',
    needs: 'nothing',
  },
  {
    name: 'the DMA read of a descriptor fails',
    faults: ['dma-error,direction=tx'],
    meanwhile: 'ping',
    needs: 'nothing',
  },
  // The next packet has the device fetch again; the stack may not send one while these are under way (BQL).
  {
    name: 'three DMA reads in a row fail',
    faults: ['dma-error,direction=tx,count=3'],
    meanwhile: 'ping',
    needs: 'its interface down and up',
  },
  {
    name: 'three DMA accesses of reception fail',
    faults: ['dma-error,direction=rx,count=3'],
    meanwhile: 'ping',
    needs: 'nothing',
  },
  {
    name: 'a transmit descriptor is stuck',
    faults: ['stuck-descriptor,direction=tx'],
    meanwhile: 'ping',
    needs: 'its interface down and up',
  },
  {
    name: 'a receive descriptor is stuck',
    faults: ['stuck-descriptor,direction=rx'],
    meanwhile: 'ping',
    needs: 'its interface down and up',
  },
  {
    name: 'DD of a transmit write-back is inverted',
    faults: ['corrupt-write-back,direction=tx,bit=0'],
    meanwhile: 'ping',
    needs: 'its interface down and up',
  },
  {
    name: 'RXE of receive write-backs is inverted',
    faults: ['corrupt-write-back,direction=rx,bit=95,count=3'],
    meanwhile: 'ping',
    needs: 'nothing',
  },
];

interface Finding {
  readonly case: string;
  readonly struck: number;
  readonly recovers: string;
  readonly seconds: number;
  readonly kernel: readonly string[];
}

/** Seconds until 20 pings in a row are answered, or undefined. */
async function answeredAfter(scene: Scene, limitSeconds: number): Promise<number | undefined> {
  const begin = performance.now();
  while (performance.now() - begin < limitSeconds * 1000) {
    const { lost } = await scene.ping('-c 1 -W 1').catch(() => ({ lost: 1 }));
    const seconds = (performance.now() - begin) / 1000;
    const good =
      lost === 0 &&
      (await scene.mustPing(20).then(
        () => true,
        () => false,
      ));
    if (good) return seconds;
    await sleep(200);
  }
  return undefined;
}

/** Sets the faults, has something go on, and gives how often they struck. */
async function strike(scene: Scene, peer: Peer, { faults, meanwhile }: Case): Promise<number> {
  for (const fault of faults) {
    const answer = await peer.run(`fault ${fault}`);
    if (answer.startsWith('Error')) throw new LabError('FAULT', answer);
  }
  try {
    if (meanwhile === 'transfer') await download(scene, transferBytes, [9]);
    else {
      // Whether they are answered is not the question yet.
      await scene.ping('-c 60 -i 0.1 -w 9').catch(() => undefined);
    }
    const rows = (await peer.execute('query-faults', {})) as { struck: number }[];
    return rows.reduce((sum, { struck }) => sum + struck, 0);
  } finally {
    await peer.run('fault clear');
  }
}

async function tryCase(scene: Scene, peer: Peer, one: Case): Promise<Finding> {
  const { machine, interfaceName } = scene;
  await machine.run('dmesg -c > /dev/null');
  const struck = await strike(scene, peer, one);
  if (struck === 0) throw new LabError('FAULT', 'no fault struck');
  let recovers = 'nothing';
  let seconds = await answeredAfter(scene, one.needs === 'nothing' ? patienceSeconds : 15);
  if (seconds === undefined) {
    recovers = 'its interface down and up';
    await machine.run(`ip link set ${interfaceName} down`);
    await scene.up();
    seconds = await answeredAfter(scene, patienceSeconds);
  }
  if (seconds === undefined) throw new LabError('NOT_RECOVERED', 'the guest has no network any more');
  if (recovers !== 'nothing' && one.needs === 'nothing')
    throw new LabError('NOT_RECOVERED', `the driver needs ${recovers}, which was to be ${one.needs}`);
  const log = (await machine.run('dmesg')).split('\n').filter((line) => /igb|NETDEV|WATCHDOG|Hang/.test(line));
  const kernel = log.map((line) => line.replace(/^\[[^\]]*\] /, '').trim()).slice(0, 12);
  return { case: one.name, struck, recovers, seconds: Math.round(seconds * 10) / 10, kernel };
}

/** A VF of the same guest whose request, and whose answer, is lost. */
async function loseMessages(scene: Scene, peer: Peer): Promise<string> {
  const { machine, interfaceName } = scene;
  const folder = `/sys/class/net/${interfaceName}/device`;
  const name = (
    await machine.run(
      `modprobe igbvf; echo 1 > ${folder}/sriov_numvfs; for i in $(seq 100); do [ -e ${folder}/virtfn0/net ] && break; sleep 0.1; done; ls ${folder}/virtfn0/net`,
      60_000,
    )
  ).trim();
  await machine.run(`ip link set ${name} up`);
  const found: string[] = [];
  for (const to of ['pf', 'vf']) {
    await peer.run(`fault mailbox-loss,function=vf0,to=${to}`);
    const set = await machine.try(
      `ip link set ${name} down; ip link set ${name} address 02:00:00:00:00:0${to.length}; ip link set ${name} up`,
    );
    const rows = (await peer.execute('query-faults', {})) as { struck: number }[];
    if (rows[0]?.struck !== 1) throw new LabError('FAULT', `no message to the ${to} was lost`);
    await peer.run('fault clear');
    const again = await machine.try(
      `ip link set ${name} down; ip link set ${name} up; for i in $(seq 50); do [ "$(cat /sys/class/net/${name}/carrier 2>/dev/null)" = 1 ] && exit 0; sleep 0.1; done; exit 1`,
    );
    if (again.status !== 0)
      throw new LabError('NOT_RECOVERED', `igbvf has no link after a message to the ${to} was lost`);
    found.push(`to the ${to}: ip link says ${set.status === 0 ? 'nothing' : set.stderr.trim()}`);
  }
  await machine.run(`echo 0 > ${folder}/sriov_numvfs`);
  return found.join('; ');
}

export const faults: Workload = {
  name: 'faults',
  summary: 'faults on demand, and how the stock drivers come out of each',
  async run({ open, step, print, keep }) {
    const scene = await open({ cpus: 1 });
    const { monitor: path } = scene.nic;
    if (path === undefined) throw new LabError('NO_MONITOR', 'this NIC has no monitor of ours');
    const peer = await connectPeer(path);
    const findings: Finding[] = [];
    try {
      for (const one of cases)
        await step(one.name, async (report) => {
          const finding = await tryCase(scene, peer, one);
          findings.push(finding);
          report(`struck ${finding.struck}, needs ${finding.recovers}, ping after ${finding.seconds} s`);
        });
      await step('mailbox messages between VF and PF are lost', async (report) =>
        report(await loseMessages(scene, peer)),
      );
    } finally {
      peer.close();
      keep(findings);
    }
    print(
      table(
        ['fault', 'struck', 'needs', 'kernel'],
        findings.map(({ case: name, struck, recovers, kernel }) => [name, String(struck), recovers, kernel[0] ?? '']),
      ),
    );
  },
};
