/** The text of docs/registers.md. */
import { documentBlock, markdownTable } from '../../../registers/index.ts';
import { pfBlocks, pfSpecs, pfWindowBytes, vf, vfMap, vfSpecs } from './index.ts';

const head = `# Registers of the 82576

Generated from \`src/devices/igb/tables\` by \`node scripts/registers-doc.mjs\`; change the tables, not this file.

Offsets count from BAR0, of ${pfWindowBytes / 1024} KiB in the PF. Where nothing is declared, reads give 0 and writes are lost.

- Access: \`rw\` stored, \`ro\` writes ignored, \`rc\` cleared by a read, \`w1c\` a one clears, \`w1s\` a one sets, \`wo\` reads as 0. A
  field's access goes before its register's.
- Bits: those that the access holds for, all where nothing stands; the others are read-only.
- Evidence: \`linux\`, \`igbvf\`, \`dpdk\`, \`ipxe\`, \`nul\`: a driver relies on it. \`lspci\`: seen on a card. \`qemu\`: another model does it.
  \`ds-mem\`, \`guess\`: unproven. \`own\`: ours, no silicon has it.
- Notes: a register that acts does more than store, at the read or the write. One on which nothing acts stores what is
  written and reads it back.`;

const hexadecimal = (value: number) => `${value < 0 ? '-' : ''}0x${Math.abs(value).toString(16)}`;

function mapTable(): string {
  const names = Object.keys(vfSpecs) as (keyof typeof vfSpecs)[];
  return markdownTable([
    ['Register', 'PF offset for VF 0', 'Per VF', 'Per element'],
    ...names.map((name) => {
      const mapping = vfMap[name];
      if (mapping === undefined) return [name, 'private', '', ''];
      const perElement = vf[name].count === 1 ? '' : hexadecimal(mapping.perElement);
      return [name, hexadecimal(mapping.pf), mapping.perVf === 0 ? '' : hexadecimal(mapping.perVf), perElement];
    }),
  ]);
}

/** The register map of PF and VF as Markdown. */
export function registersDocument(): string {
  const count = Object.keys(pfSpecs).length;
  return `${[
    head,
    `The PF has ${count} registers and arrays of registers:`,
    ...Object.entries(pfBlocks).map(([title, specs]) => documentBlock(title, specs)),
    documentBlock('A VF in its own window', vfSpecs),
    '## Registers of the PF behind those of a VF',
    mapTable(),
  ].join('\n\n')}\n`;
}
