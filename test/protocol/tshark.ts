/** Debian's programs as judges of what the project writes. */
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { debianTool, type DebianTool, type ToolCommand } from '../../src/lab/debian-tool.ts';
import { LabError } from '../../src/lab/errors.ts';

/** The program; where it cannot be had, the test is skipped and undefined is returned. */
export async function tool(context: TestContext, name: DebianTool): Promise<ToolCommand | undefined> {
  try {
    return await debianTool(name, () => undefined);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    context.skip(`NOT CHECKED: ${name} is not installed and cannot be fetched: ${error.message}`);
    return undefined;
  }
}

/** Runs a program to its end; throws with what it said where it fails. */
export function run({ command, args }: ToolCommand, more: readonly string[], input?: string): string {
  const result = spawnSync(command, [...args, ...more], { encoding: 'utf8', maxBuffer: 1 << 26, input });
  if (result.status !== 0) throw new Error(`${more.join(' ')}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** Fields of each frame of a capture, as tshark decodes them. */
export function fieldsOf(tshark: ToolCommand, file: string, fields: readonly string[]): string[][] {
  const wanted = fields.flatMap((field) => ['-e', field]);
  const text = run(tshark, [
    '-n',
    '-r',
    file,
    '-o',
    'tcp.check_checksum:TRUE',
    '-T',
    'fields',
    '-E',
    'separator=|',
    ...wanted,
  ]);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('|'));
}
