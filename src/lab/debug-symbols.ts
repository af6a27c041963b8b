/**
 * Debian's debug symbols of a guest's kernel, for gdb: lines, variables, and what unwinds a stack. Their package has a gigabyte, so
 * they are fetched on request; the kernel and the modules that concern the NIC are kept.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PrivateApt } from './apt.ts';
import { Cache, type Report } from './cache.ts';
import { GuestTools } from './guest-tools.ts';
import { kernelSuites, prepareKernel } from './kernel.ts';

const modules = ['igb', 'igbvf', 'vmd'];
const kept = ['*/vmlinux-*', ...modules.map((name) => `*/${name}.ko*`)];

export interface DebugSymbols {
  readonly vmlinux: string;
  /** Files by the names of the modules. */
  readonly modules: Readonly<Record<string, string>>;
}

const stepName = 'debug-symbols';
const packageOf = (release: string): string => `linux-image-${release}-dbg`;

function filesIn(folder: string): DebugSymbols {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const find = (pattern: RegExp): string => files.find((file) => pattern.test(file)) ?? '';
  return {
    vmlinux: find(/\/vmlinux-/),
    modules: Object.fromEntries(modules.map((name) => [name, find(new RegExp(`/${name}\\.ko`))])),
  };
}

/** Those of a kernel that have been fetched. */
export function cachedDebugSymbols(release: string, cache = new Cache()): DebugSymbols | undefined {
  const name = packageOf(release);
  return cache.has(stepName, name) ? filesIn(cache.folderOf(stepName, name)) : undefined;
}

/** Fetches those of a kernel ("6.12"). Throws LabError. */
export async function fetchDebugSymbols(version: string, report: Report): Promise<DebugSymbols> {
  const cache = new Cache();
  const apt = new PrivateApt(cache, report);
  const tools = await GuestTools.prepare(cache, apt, report);
  const { release } = await prepareKernel(version, cache, apt, tools, report);
  const name = packageOf(release);
  const folder = await cache.step(stepName, name, report, (partial) =>
    apt.unpack(kernelSuites[version]!, [name], partial, kept),
  );
  return filesIn(folder);
}
