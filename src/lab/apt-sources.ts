import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from './errors.ts';

/** Base URIs of binary package entries in a deb822 file (`.sources`), disabled stanzas left out. */
export function urisOfDeb822(text: string): string[] {
  const uris: string[] = [];
  for (const stanza of text.split(/\n[ \t]*\n/)) {
    const fields = new Map<string, string>();
    let name = '';
    for (const line of stanza.split('\n')) {
      if (line.startsWith('#')) continue;
      const field = /^([^\s:]+):(.*)$/.exec(line);
      if (field !== null) {
        name = field[1]!.toLowerCase();
        fields.set(name, field[2]!.trim());
      } else if (/^[ \t]/.test(line) && name !== '')
        fields.set(name, `${fields.get(name) ?? ''} ${line.trim()}`.trim());
    }
    if (/^(no|false|off|without|disable|0)$/i.test(fields.get('enabled') ?? 'yes')) continue;
    if (!(fields.get('types') ?? '').split(/\s+/).includes('deb')) continue;
    uris.push(...(fields.get('uris') ?? '').split(/\s+/).filter((uri) => uri !== ''));
  }
  return uris;
}

/** Base URIs of the `deb` lines of a one-line-style file (`.list`). */
export function urisOfList(text: string): string[] {
  const uris: string[] = [];
  for (const line of text.split('\n')) {
    const entry = /^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+\S/.exec(line);
    if (entry !== null) uris.push(entry[1]!);
  }
  return uris;
}

/** The entry that serves Debian itself: its path ends in /debian (so not -security, not a third party's). */
export function debianUri(uris: readonly string[]): string | undefined {
  return uris.map((uri) => uri.replace(/\/+$/, '')).find((uri) => /^[a-z+]+:\/\/.*\/debian$/.test(uri));
}

/** Finds this system's Debian mirror in its apt sources: nothing else names a mirror. */
export function systemDebianUri(folder = '/etc/apt'): string {
  const files = [join(folder, 'sources.list')];
  const parts = join(folder, 'sources.list.d');
  if (existsSync(parts))
    files.push(
      ...readdirSync(parts)
        .sort()
        .map((name) => join(parts, name)),
    );
  const uris: string[] = [];
  for (const file of files) {
    if (!existsSync(file)) continue;
    if (file.endsWith('.sources')) uris.push(...urisOfDeb822(readFileSync(file, 'utf8')));
    else if (file.endsWith('.list')) uris.push(...urisOfList(readFileSync(file, 'utf8')));
  }
  const found = debianUri(uris);
  if (found === undefined)
    throw new LabError(
      'NO_DEBIAN_SOURCE',
      `no apt source in ${folder} has a URI that ends in /debian.`,
      'Add a Debian mirror to /etc/apt/sources.list.',
    );
  return found;
}
