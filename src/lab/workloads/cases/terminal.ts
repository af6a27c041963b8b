import { appendFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { debianTool, type DebianTool } from '../../debian-tool.ts';
import { LabError } from '../../errors.ts';
import { quoted } from '../../qemu-args.ts';
import { runCommand } from '../../run-command.ts';
import type { Scene, SceneOptions } from '../../scene.ts';
import type { WorkloadContext } from '../../workload.ts';
import { kernelWords } from './registers.ts';

/** A trace, a capture and a guest's log tell of something a moment after it has happened. */
const waitMs = 60_000;
const betweenMs = 500;
const commandMs = 120_000;
/** Lines of a command's output that the terminal shows; all of them are in the transcript. */
const shownLines = 12;

/** Programs of Debian that lines may use. */
const tools: readonly DebianTool[] = ['tshark', 'gdb'];

const guest: SceneOptions = { cpus: 1, variant: { attachment: 'hierarchy' }, kernelWords };

const sourceOfShell = `#!/bin/sh
outboard() { ${[process.execPath, '--enable-source-maps', fileURLToPath(new URL('../../../../../bin/outboard', import.meta.url))].map(quoted).join(' ')} "$@"; }`;

/** What somebody types who looks for the cause of a case of docs/debugging.md, and whether what comes names it. */
export class Terminal {
  readonly scene: Scene;
  /** Names in the run's folder, which is where commands are typed. */
  readonly socket: string;
  readonly trace: string;
  readonly #context: WorkloadContext;
  readonly #transcript: string;
  #shown: string;

  private constructor(context: WorkloadContext, scene: Scene, socket: string, transcript: string) {
    this.#context = context;
    this.scene = scene;
    this.socket = socket;
    this.trace = socket.replace(/^qmp(.*)\.sock$/, 'trace$1.obt');
    this.#transcript = transcript;
    this.#shown = '';
  }

  /** Cases share a guest. The transcript is `NAME.txt`. */
  static async open(context: WorkloadContext, name: string, options = guest): Promise<Terminal> {
    const scene = await context.open(options);
    const { monitor } = scene.nic;
    if (monitor === undefined) throw new LabError('NO_MONITOR', 'this NIC has no monitor of ours');
    return new Terminal(context, scene, basename(monitor), join(context.folder, `${name}.txt`));
  }

  /** A step of the workload; what was typed in it is shown behind it. */
  async step(title: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await this.#context.step(title, work);
    } finally {
      if (this.#shown !== '') this.#context.print(this.#shown.trimEnd());
      this.#shown = '';
    }
  }

  /** Types a line in the run's folder; fails where its output never has one of `says`. Gives the output. */
  async type(line: string, ...says: RegExp[]): Promise<string> {
    const used = tools.filter((tool) => line.includes(`${tool} `));
    const script = [sourceOfShell, ...(await Promise.all(used.map(shellFunction))), line].join('\n');
    return this.#until('$', line, says, () =>
      runCommand('sh', ['-c', script], { cwd: this.#context.folder, timeoutMs: commandMs }),
    );
  }

  /** A command of the NIC's monitor. */
  monitor(line: string, ...says: RegExp[]): Promise<string> {
    return this.type(`outboard monitor ${this.socket} ${line}`, ...says);
  }

  /** Types a line in the guest, whatever its status. */
  async guest(line: string, ...says: RegExp[]): Promise<string> {
    return this.#until('guest#', line, says, () => this.scene.machine.try(line, commandMs));
  }

  /** Types a line on the external host, whatever its status. */
  async host(line: string, ...says: RegExp[]): Promise<string> {
    return this.#until('host$', line, says, () => this.scene.host.shell(line, commandMs));
  }

  /** Again and again until all is said. */
  async #until(
    prompt: string,
    line: string,
    says: readonly RegExp[],
    run: () => Promise<{ stdout: string; stderr: string }>,
  ): Promise<string> {
    for (const deadline = Date.now() + waitMs; ; await sleep(betweenMs)) {
      const { stdout, stderr } = await run();
      const output = `${stdout}${stderr}`.trimEnd();
      const missing = says.find((pattern) => !pattern.test(output));
      if (missing !== undefined && Date.now() < deadline) continue;
      this.#show(`${prompt} ${line}`, output);
      if (missing === undefined) return output;
      throw new LabError('CASE', `"${line}" does not say ${String(missing)}.`, `See ${basename(this.#transcript)}.`);
    }
  }

  #show(line: string, output: string): void {
    appendFileSync(this.#transcript, `${line}\n${output}\n\n`);
    const lines = output.split('\n');
    const more = lines.length - shownLines;
    this.#shown += `${[line, ...lines.slice(0, shownLines), ...(more > 0 ? [`… ${more} more lines`] : [])].join('\n')}\n`;
  }
}

/** Defines a tool for a shell. */
async function shellFunction(tool: DebianTool): Promise<string> {
  const { command, args } = await debianTool(tool, () => undefined);
  return `${tool}() { ${[command, ...args].map(quoted).join(' ')} "$@"; }`;
}
