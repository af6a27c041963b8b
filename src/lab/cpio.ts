/** One entry of an archive. Paths have no leading slash; a parent comes before what it holds. */
export interface CpioEntry {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link' | 'character-device';
  /** Permission bits; taken as 0777 for a link. */
  readonly mode: number;
  /** Content of a file, target of a link. */
  readonly content?: Uint8Array;
  readonly device?: readonly [major: number, minor: number];
}

const typeBits = { file: 0o100000, folder: 0o040000, link: 0o120000, 'character-device': 0o020000 } as const;

function header(fields: readonly number[], path: string): Buffer {
  const text = `070701${fields.map((field) => (field >>> 0).toString(16).padStart(8, '0')).join('')}${path}\0`;
  return padded(Buffer.from(text));
}

/** Header with name, and content, each end at a multiple of four. */
function padded(bytes: Uint8Array): Buffer {
  const rest = bytes.length % 4;
  return rest === 0
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    : Buffer.concat([bytes, Buffer.alloc(4 - rest)]);
}

/**
 * Packs entries as a "newc" archive, the format of a Linux initramfs (Documentation/driver-api/early-userspace). All
 * belongs to root and is dated 0, so equal input gives equal bytes. Archives may be concatenated.
 */
export function packCpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const [index, entry] of entries.entries()) {
    const content = entry.content ?? new Uint8Array(0);
    const mode = typeBits[entry.kind] | (entry.kind === 'link' ? 0o777 : entry.mode);
    const links = entry.kind === 'folder' ? 2 : 1;
    const [major, minor] = entry.device ?? [0, 0];
    // inode, mode, uid, gid, links, mtime, file size, device of the file system, device node, name size, checksum
    const nameSize = Buffer.byteLength(entry.path) + 1;
    parts.push(
      header([index + 1, mode, 0, 0, links, 0, content.length, 0, 0, major, minor, nameSize, 0], entry.path),
      padded(content),
    );
  }
  const name = 'TRAILER!!!';
  parts.push(header([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, name.length + 1, 0], name));
  return Buffer.concat(parts);
}

/** Entries for the folders above `path` that `known` does not have yet; notes them there. */
export function parentFolders(path: string, known: Set<string>): CpioEntry[] {
  const made: CpioEntry[] = [];
  const names = path.split('/').slice(0, -1);
  for (let depth = 1; depth <= names.length; depth++) {
    const folder = names.slice(0, depth).join('/');
    if (known.has(folder)) continue;
    known.add(folder);
    made.push({ path: folder, kind: 'folder', mode: 0o755 });
  }
  return made;
}
