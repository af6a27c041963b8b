import { LabError } from '../errors.ts';
import { guestAddress, guestAddress6, hostAddress, hostAddress6 } from '../external-host-protocol.ts';
import type { Scene } from '../scene.ts';
import type { Workload } from '../workload.ts';

const port = 7010;
/** What a sender hands its kernel at once, and the datagrams that are to be made of it by whoever comes to it (UDP_SEGMENT). */
const bundleBytes = 60_000;
const datagramBytes = 1400;
const bundles = 10;
const limitMs = 60_000;
/** What the guest's sockets keep until they are read, which takes it a while on a busy machine. */
const guestSocketBytes = 8 << 20;
/** For all of them to arrive, on a busy machine. */
const arrivalSeconds = 40;

/** A shell at one end; rejects where the script fails. */
type Shell = (script: string) => Promise<string>;

/** Sends bundles from one end to the other, and fails unless the same bytes arrive. */
async function transfer(from: Shell, to: Shell, address: string): Promise<void> {
  const family = address.includes(':') ? 6 : 4;
  const target = `UDP-SENDTO:${family === 6 ? `[${address}]` : address}:${port},setsockopt-int=17:103:${datagramBytes}`;
  const receive = [
    'f=$(mktemp -u) && mkfifo $f || exit 1;',
    `timeout ${arrivalSeconds} socat -u -b 65536 UDP${family}-RECV:${port} STDOUT > $f &`,
    `head -c ${bundles * bundleBytes} $f | sha256sum; kill $!; wait $!; rm $f`,
  ].join(' ');
  const listening = `until grep -q ':${port.toString(16).toUpperCase()} ' /proc/net/udp${family === 6 ? 6 : ''}; do sleep 0.1; done`;
  const send = [
    `f=$(mktemp) && seq 10000 99999 | head -c ${bundleBytes} > $f && for n in $(seq ${bundles}); do`,
    `socat -u -b ${bundleBytes} OPEN:$f ${target} || exit 1; sleep 0.2; done;`,
    `for n in $(seq ${bundles}); do cat $f; done | sha256sum; rm $f`,
  ].join(' ');
  const [got, sent] = await Promise.all([to(receive), to(listening).then(() => from(send))]);
  if (got !== sent) throw new LabError('WRONG_DATA', `datagrams: SHA-256 is ${got.trim()}, should be ${sent.trim()}`);
}

/** Large packets that the guest's driver has had the NIC cut. */
async function packetsCut({ machine, interfaceName }: Scene): Promise<number> {
  return Number(await machine.run(`ethtool -S ${interfaceName} | sed -n 's/ *tx_tcp_seg_good: //p'`));
}

export const udp: Workload = {
  name: 'udp',
  summary: `${bundles} times ${bundleBytes / 1000} KB in datagrams of ${datagramBytes} bytes each way, which the NIC or the kernel cuts, IPv4 and IPv6`,
  async run({ open, step }) {
    const scene = await open({ cpus: 1 });
    const guest: Shell = (script) => scene.machine.run(script, limitMs);
    const host: Shell = async (script) => (await scene.host.shell(script, limitMs)).stdout;
    await scene.machine.run(`echo ${guestSocketBytes} > /proc/sys/net/core/rmem_default`);
    for (const cut of ['on', 'off']) {
      await scene.machine.run(`ethtool -K ${scene.interfaceName} tx-udp-segmentation ${cut}`);
      for (const address of [hostAddress, hostAddress6])
        await step(`from the guest to ${address}, segmentation ${cut}`, async (report) => {
          const before = await packetsCut(scene);
          await transfer(guest, host, address);
          const count = (await packetsCut(scene)) - before;
          if (count > 0 !== (cut === 'on')) throw new LabError('SEGMENTATION', `the NIC has cut ${count} packets`);
          report(`${count} packets cut by the NIC`);
        });
    }
    await scene.machine.run(`ethtool -K ${scene.interfaceName} tx-udp-segmentation on`);
    for (const address of [guestAddress, guestAddress6])
      await step(`to the guest at ${address}`, () => transfer(host, guest, address));
  },
};
