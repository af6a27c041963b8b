import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

interface Symptom {
  /** Which logs to look in: the start of their names. */
  readonly log: string;
  readonly pattern: RegExp;
  readonly cause: string;
}

/** From the most to the least telling. */
const symptoms: readonly Symptom[] = [
  {
    log: 'nic',
    pattern: /^\w*Error\b|^\w*Error:|AssertionError/,
    cause: "a fault of Outboard's own, in the device thread",
  },
  { log: 'qemu', pattern: /KVM internal error/, cause: 'KVM cannot run this guest here; is the host itself a guest?' },
  {
    log: 'qemu',
    pattern: /failed to set up guest memory|Cannot allocate memory/i,
    cause: "not enough memory for the guest's RAM",
  },
  {
    log: 'qemu',
    pattern: /vfio-user.*(?:Broken pipe|Connection reset)|Broken pipe/i,
    cause: 'the NIC closed its connection to QEMU; see nic.log',
  },
  { log: 'qemu', pattern: /vfio-user.*(?:timed? ?out)/i, cause: 'the NIC did not answer QEMU in time' },
  { log: 'qemu', pattern: /(?:Assertion|assert).*failed|Segmentation/i, cause: 'QEMU itself crashed' },
  {
    log: 'qemu',
    pattern: /Failed to connect|Connection refused|No such file/i,
    cause: 'QEMU could not reach the NIC or a file of its own',
  },
  { log: 'serial', pattern: /Kernel panic|Oops:|BUG:/, cause: "the guest's kernel crashed" },
  { log: 'serial', pattern: /NETDEV WATCHDOG|Tx Unit Hang/, cause: 'the driver saw a transmit queue that stopped' },
  { log: 'serial', pattern: /rcu.*stall|soft lockup/, cause: 'the guest was starved of processor time' },
  {
    log: 'serial',
    pattern: /PCIe link lost/,
    cause: 'a register read gave all ones: the NIC was gone, or memory decoding was off',
  },
  {
    log: 'serial',
    pattern: /init: no agent port/,
    cause: "the guest has no port for the agent: virtio's modules did not load",
  },
  { log: 'nic', pattern: /share=on/, cause: "the NIC could not map the guest's memory" },
];

const causesByCode: Readonly<Record<string, string>> = {
  APT: 'the network or the Debian mirror',
  AGENT_SILENT: 'the guest did not boot to its agent, or stands still',
  GUEST_TIMEOUT: 'the guest stands still or the machine is very busy',
  QEMU_GONE: 'QEMU ended',
  NO_CARRIER: 'the link change did not reach the driver: link status, its interrupt, or the PHY',
  PING_LOSS: 'frames are lost or damaged on their way; compare host.pcap with what the guest sent',
  WRONG_DATA: 'a frame passed TCP with wrong bytes: checksum or segmentation',
  KERNEL_COMPLAINS: 'the device answered the driver with something that it did not expect',
};

/** What most likely lies behind a failure, from its code and the logs of its run folder. */
export function likelyCause(folder: string, code: string): string {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.log')) : [];
  for (const { log, pattern, cause } of symptoms)
    for (const name of names)
      if (name.startsWith(log)) {
        const line = readFileSync(join(folder, name), 'utf8')
          .split('\n')
          .find((text) => pattern.test(text));
        if (line !== undefined) return `${cause} (${name}: "${line.trim().slice(0, 160)}")`;
      }
  return causesByCode[code] ?? '';
}
