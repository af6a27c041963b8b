import { type Accelerator, chooseAccelerator } from './accelerator.ts';
import { PrivateApt } from './apt.ts';
import { Cache, type Report } from './cache.ts';
import { LabError } from './errors.ts';
import { type GuestImage, prepareGuestImage } from './guest-image.ts';
import { GuestTools } from './guest-tools.ts';
import { defaultKernel, kernelSuites } from './kernel.ts';
import { findQemu, type Qemu } from './qemu.ts';

export interface LabOptions {
  /** A QEMU of the user's choice. */
  readonly qemu?: string | undefined;
  /** Guest kernel: "6.1", "6.12", "7.3". */
  readonly kernel?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** All that a guest needs to boot, fetched and packed. */
export interface Lab {
  readonly qemu: Qemu;
  readonly tools: GuestTools;
  readonly image: GuestImage;
  readonly accelerator: Accelerator;
}

/** Fetches and packs what is not in the cache yet; `step` frames each part for the user. */
export async function prepareLab(
  options: LabOptions,
  step: <T>(title: string, work: (report: Report) => Promise<T>) => Promise<T>,
): Promise<Lab> {
  const kernel = options.kernel ?? defaultKernel;
  if (kernelSuites[kernel] === undefined)
    throw new LabError(
      'UNKNOWN_KERNEL',
      `there is no kernel "${kernel}".`,
      `Choose one of ${Object.keys(kernelSuites).join(', ')}.`,
    );
  const cache = new Cache();
  const apt = (report: Report): PrivateApt => new PrivateApt(cache, report, options.signal);
  const qemu = await step('QEMU', async (report) => {
    const found = await findQemu(options.qemu, cache, apt(report), report);
    report(found.described);
    return found;
  });
  const tools = await step("the guest's programs", (report) => GuestTools.prepare(cache, apt(report), report));
  const image = await step(`the guest's kernel ${kernel}`, async (report) => {
    const made = await prepareGuestImage(kernel, cache, apt(report), tools, report);
    report(made.kernel.release);
    return made;
  });
  const accelerator = await step('accelerator', async (report) => {
    const chosen = await chooseAccelerator(qemu, image.kernel);
    report(chosen.described);
    return chosen;
  });
  return { qemu, tools, image, accelerator };
}
