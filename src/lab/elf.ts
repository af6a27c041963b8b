/** What the lab reads of 64-bit little-endian ELF files: the libraries a program names, and a kernel module's description. */

interface Section {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

const typeDynamic = 6;
const tagNull = 0;
const tagNeeded = 1;

export function isElf(bytes: Buffer): boolean {
  return bytes.length >= 64 && bytes.readUInt32BE(0) === 0x7f454c46 && bytes[4] === 2 && bytes[5] === 1;
}

function stringAt(bytes: Buffer, offset: number): string {
  return bytes.toString('latin1', offset, bytes.indexOf(0, offset));
}

function sections(bytes: Buffer): Section[] {
  const table = Number(bytes.readBigUInt64LE(0x28));
  const entrySize = bytes.readUInt16LE(0x3a);
  const count = bytes.readUInt16LE(0x3c);
  const read = (index: number): Omit<Section, 'name'> & { nameAt: number } => {
    const at = table + index * entrySize;
    return {
      nameAt: bytes.readUInt32LE(at),
      type: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 0x18)),
      size: Number(bytes.readBigUInt64LE(at + 0x20)),
      link: bytes.readUInt32LE(at + 0x28),
    };
  };
  const names = count > 0 ? read(bytes.readUInt16LE(0x3e)).offset : 0;
  return Array.from({ length: count }, (_, index) => {
    const { nameAt, ...section } = read(index);
    return { ...section, name: stringAt(bytes, names + nameAt) };
  });
}

/** The DT_NEEDED names of a program or library; none for a static program and for what is no ELF file. */
export function neededLibraries(bytes: Buffer): string[] {
  if (!isElf(bytes)) return [];
  const all = sections(bytes);
  const dynamic = all.find((section) => section.type === typeDynamic);
  const strings = dynamic === undefined ? undefined : all[dynamic.link];
  if (dynamic === undefined || strings === undefined) return [];
  const needed: string[] = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    const tag = Number(bytes.readBigInt64LE(at));
    if (tag === tagNull) break;
    if (tag === tagNeeded) needed.push(stringAt(bytes, strings.offset + Number(bytes.readBigUInt64LE(at + 8))));
  }
  return needed;
}

/** The names after `depends=` in a kernel module's .modinfo section. */
export function moduleDependencies(bytes: Buffer): string[] {
  const info = isElf(bytes) ? sections(bytes).find((section) => section.name === '.modinfo') : undefined;
  if (info === undefined) return [];
  const entries = bytes.toString('latin1', info.offset, info.offset + info.size).split('\0');
  const depends = entries.find((entry) => entry.startsWith('depends='));
  return (depends ?? '')
    .slice('depends='.length)
    .split(',')
    .filter((name) => name !== '');
}
