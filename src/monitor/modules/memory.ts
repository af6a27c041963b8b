/** Memory of the machines, as a function of the NIC would reach it. */
import { MEMORY_LIMIT } from '../../nic/commands/memory.ts';
import { type HmpCommand, type MonitorContext, MonitorError, type MonitorModule } from '../context.ts';
import { functionSchema, namesOf, placeOf } from '../function-argument.ts';
import { formatMemory, parseFormat } from '../memory-format.ts';
import { wholeNumber } from '../words.ts';
import * as v from 'valibot';

const USAGE = '[/FMT] ADDRESS [pf|vfN]';

async function examine({ nic }: MonitorContext, words: readonly string[]): Promise<string> {
  const rest = [...words];
  const format = parseFormat(rest[0]?.startsWith('/') === true ? rest.shift()!.slice(1) : '');
  const address = wholeNumber(rest.shift(), 0, Number.MAX_SAFE_INTEGER, 'an address');
  const name = rest.shift();
  const known = v.safeParse(functionSchema, name);
  if (!known.success || rest.length > 0) throw new MonitorError('USAGE', `x ${USAGE}`);
  const length = format.count * format.sizeBytes;
  if (length > MEMORY_LIMIT) throw new MonitorError('USAGE', `${length} bytes are too many: ${MEMORY_LIMIT} at most`);
  const bytes = await nic.request('readMemory', { ...placeOf(known.output), address, length });
  return formatMemory(bytes, address, format);
}

const command = (name: string, doc: string): HmpCommand => ({
  name,
  usage: USAGE,
  doc,
  run: examine,
  complete: ({ nic }, words) => (words.length > 1 ? namesOf(nic) : []),
});

export const memory: MonitorModule = {
  commands: [
    command('x', 'memory of the machine of a function (the PF), by DMA address; FMT is COUNT, x d u o c, b h w g'),
    command('xp', 'the same: what a device uses are physical addresses, unless an IOMMU is in between'),
  ],
};
