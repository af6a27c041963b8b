import { LabError } from '../../errors.ts';
import type { VirtualMachine } from '../../virtual-machine.ts';

const folder = '/run/testpmd';
const startMs = 120_000;
const commandMs = 60_000;
const hugePages = 160;

/** What gives a function to a program: vfio-pci behind an IOMMU, uio_pci_generic without one. */
export type UserDriver = 'vfio-pci' | 'uio_pci_generic';

/** Takes the function with this PCI device from its kernel driver; its address, "0000:00:03.0". */
export async function giveToProgram(machine: VirtualMachine, device: string, driver: UserDriver): Promise<string> {
  const script = `modprobe -a ${driver.replaceAll('_', '-')} || exit 1
for path in /sys/bus/pci/devices/*; do
  [ "$(cat $path/vendor) $(cat $path/device)" = "0x8086 ${device}" ] || continue
  address=\${path##*/}
  [ -e $path/driver ] && echo $address > $path/driver/unbind
  echo ${driver} > $path/driver_override
  echo $address > /sys/bus/pci/drivers_probe
  case "$(readlink $path/driver)" in */${driver}) echo $address; exit 0;; esac
  dmesg | tail -3 >&2
done
exit 1`;
  return (await machine.run(script, 60_000)).trim();
}

/** Debian's dpdk-testpmd in a guest, at its prompt. */
export class Testpmd {
  readonly #machine: VirtualMachine;
  #marks: number;

  private constructor(machine: VirtualMachine) {
    this.#machine = machine;
    this.#marks = 0;
  }

  /** Starts it on one function, with DPDK's default of a transmit and a receive queue unless `words` say more. */
  static async start(machine: VirtualMachine, address: string, words: string): Promise<Testpmd> {
    const command = `dpdk-testpmd -l 0,1 -n 1 -a ${address} -- -i --no-mlockall --total-num-mbufs=8192 --port-topology=loop --rxq-share ${words}`;
    await machine.run(
      `chmod 755 /; mkdir -p ${folder} /dev/hugepages; cd ${folder}; rm -f in; mkfifo in; : > out; [ -e /var/run ] || ln -s /run /var/run
grep -q ' /dev/hugepages ' /proc/mounts || mount -t hugetlbfs none /dev/hugepages
echo ${hugePages} > /proc/sys/vm/nr_hugepages; [ "$(cat /proc/sys/vm/nr_hugepages)" -eq ${hugePages} ]`,
    );
    // On a terminal of its own it writes what a command prints before it takes the next.
    await machine.run(`cd ${folder}; printf '#!/bin/sh\nexec ${command}\n' > run; chmod 755 run`);
    await machine.agent.start(`cd ${folder}; exec socat STDIO,ignoreeof EXEC:./run,pty,stderr <> in > out 2> err`);
    const testpmd = new Testpmd(machine);
    const result = await machine.try(
      `cd ${folder}; i=0; until grep -q '^testpmd> ' out; do i=$((i+1)); [ $i -gt 1000 ] && exit 1; [ $i -gt 30 ] && ! pidof dpdk-testpmd && exit 1; sleep 0.1; done`,
      startMs,
    );
    if (result.status !== 0) throw new LabError('TESTPMD', `testpmd does not start: ${await testpmd.lastLines()}`);
    return testpmd;
  }

  /** Types lines at the prompt and gives what testpmd writes until it has done them all. */
  async type(lines: string | readonly string[], timeoutMs = commandMs): Promise<string> {
    const mark = `mark${++this.#marks}`;
    const text = typeof lines === 'string' ? lines : lines.join('\n');
    // A word that is no command comes back with a complaint once all before it is done.
    const script = `cd ${folder}; pidof dpdk-testpmd > /dev/null || exit 1; from=$(($(stat -c %s out) + 1))
cat > in <<'END'
${text}
${mark}
END
until tail -c +$from out | grep -A 2 '${mark}' | grep -q 'Command not found'; do kill -0 $(pidof dpdk-testpmd) || exit 1; sleep 0.02; done
tail -c +$from out`;
    const result = await this.#machine.try(script, timeoutMs);
    if (result.status !== 0) throw new LabError('TESTPMD', `testpmd ended at "${text}": ${await this.lastLines()}`);
    return result.stdout.replaceAll('\r', '').split(`testpmd> ${mark}`)[0]!;
  }

  /** What testpmd writes from the begin of `work` until a text and what is under way with it are out. */
  async writtenUntil(text: string, work: () => Promise<unknown>): Promise<string> {
    const from = Number(await this.#machine.run(`stat -c %s ${folder}/out`)) + 1;
    await work();
    const result = await this.#machine.try(
      `cd ${folder}; i=0; until tail -c +${from} out | grep -q '${text}'; do i=$((i+1)); [ $i -gt 200 ] && exit 1; sleep 0.02; done; sleep 0.1; tail -c +${from} out`,
      commandMs,
    );
    if (result.status !== 0) throw new LabError('TESTPMD', `testpmd has not written "${text}"`);
    return result.stdout.replaceAll('\r', '');
  }

  /** Leaves it; how it ended. */
  async quit(): Promise<void> {
    await this.#machine.run(
      `cd ${folder}; echo quit > in; i=0; while pidof dpdk-testpmd > /dev/null; do i=$((i+1)); [ $i -gt 300 ] && exit 1; sleep 0.1; done`,
      commandMs,
    );
  }

  async lastLines(): Promise<string> {
    const text = await this.#machine.run(`tail -n 4 ${folder}/out`);
    return text.trim().replaceAll('\r', '').replaceAll('\n', ' / ').slice(-400);
  }
}
