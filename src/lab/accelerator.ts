import { accessSync, constants, readFileSync } from 'node:fs';
import type { GuestKernel } from './kernel.ts';
import type { Qemu } from './qemu.ts';
import { spawnBound } from './run-command.ts';

export interface Accelerator {
  readonly name: 'kvm' | 'tcg';
  readonly args: readonly string[];
  /** One line that says which and why. */
  readonly described: string;
}

const probeMs = 15_000;

function tcg(reason: string): Accelerator {
  return {
    name: 'tcg',
    args: ['-accel', 'tcg,thread=multi,tb-size=256', '-cpu', 'max'],
    described: `TCG (${reason})`,
  };
}

/** The processor flags that KVM needs; a nested host without them may have a /dev/kvm that boots nothing. */
export function hasVirtualisation(cpuinfo: string): boolean {
  return /^flags\s*:.*\b(vmx|svm)\b/m.test(cpuinfo);
}

/** A kernel without a root file system panics at the end of its boot: seeing that is proof that KVM runs one. */
function boots(qemu: Qemu, kernel: GuestKernel): Promise<boolean> {
  return new Promise((resolve) => {
    const args = [
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-M', 'q35', '-m', '256M', '-no-reboot'],
      ...['-accel', 'kvm', '-cpu', 'host', '-serial', 'stdio'],
      ...['-kernel', kernel.image, '-append', 'console=ttyS0 panic=-1'],
    ];
    const child = spawnBound(qemu.command, [...qemu.args, ...args], {
      env: { ...process.env, ...qemu.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    const look = (bytes: Buffer): void => {
      text += bytes.toString();
      if (/KVM internal error|Kernel panic/.test(text)) child.kill('SIGKILL');
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    const timer = setTimeout(() => child.kill('SIGKILL'), probeMs);
    child.on('error', () => resolve(false));
    child.on('close', () => {
      clearTimeout(timer);
      resolve(text.includes('Kernel panic') && !text.includes('KVM internal error'));
    });
  });
}

/** KVM where it is there, allowed and boots this kernel; else TCG. */
export async function chooseAccelerator(qemu: Qemu, kernel: GuestKernel): Promise<Accelerator> {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return tcg('no usable /dev/kvm');
  }
  if (!hasVirtualisation(readFileSync('/proc/cpuinfo', 'utf8'))) return tcg('this processor shows neither vmx nor svm');
  if (!(await boots(qemu, kernel))) return tcg('KVM is there but boots no guest');
  return { name: 'kvm', args: ['-accel', 'kvm', '-cpu', 'host'], described: 'KVM' };
}
