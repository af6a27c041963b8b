/** The files of the page: those of src/web/page, its scripts as they are built. Nothing else is ever read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  js: 'text/javascript; charset=utf-8',
};

/** This module may be one of build/src or part of a bundle elsewhere in build. */
const root = fileURLToPath(new URL(import.meta.url.replace(/\/build\/.*$/, '/')));
const folders = [join(root, 'src/web/page'), join(root, 'build/src/web/page')];

/** By the path in the address; read when the view starts, some ten kB. */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const folder of folders) {
    for (const name of readdirSync(folder)) {
      const type = types[name.split('.').at(-1)!];
      if (type === undefined || name.endsWith('.test.js')) continue;
      files.set(`/${name === 'index.html' ? '' : name}`, { type, bytes: readFileSync(join(folder, name)) });
    }
  }
  return files;
}
