// Transpiles every .ts below src, test and bench into build/, file by file and only where the output is older than its
// source, so that import.meta.url and worker entry points are the same in the source tree and in the built one.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const output = join(root, 'build');
const folders = ['src', 'test', 'bench'];

/** All files below a folder whose name ends in one of the endings, as paths. */
export function filesBelow(folder, ending) {
  const found = [];
  const walk = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) walk(`${path}/${entry.name}`);
      else if (entry.isFile() && entry.name.endsWith(ending)) found.push(`${path}/${entry.name}`);
    }
  };
  if (existsSync(folder)) walk(folder);
  return found;
}

/** When a file was written, in ms since 1970; 0 where there is none. */
const writtenMs = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Brings build/ up to date; resolves to the number of files transpiled. Every start of the program waits for this. */
export async function build() {
  const sources = folders.flatMap((folder) => filesBelow(`${root}/${folder}`, '.ts'));
  const wanted = new Map(sources.map((path) => [`${output}${path.slice(root.length, -2)}js`, path]));
  for (const path of folders.flatMap((folder) => filesBelow(`${output}/${folder}`, '.js')))
    if (!wanted.has(path)) rmSync(path, { force: true });
  const stale = [...wanted].filter(([target, source]) => writtenMs(target) < writtenMs(source));
  if (stale.length === 0) return 0;
  const { transform } = await import('esbuild');
  await Promise.all(
    stale.map(async ([target, source]) => {
      const result = await transform(readFileSync(source, 'utf8'), {
        loader: 'ts',
        format: 'esm',
        target: 'node20',
        sourcemap: 'inline',
        sourcefile: source,
        sourcesContent: false,
      });
      mkdirSync(dirname(target), { recursive: true });
      const partial = `${target}.${process.pid}`;
      writeFileSync(
        partial,
        result.code.replace(/((?:from|import)\s*\(?\s*["']\.{1,2}\/[^"']*)\.ts(["'])/g, '$1.js$2'),
      );
      renameSync(partial, target);
    }),
  );
  return stale.length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(`built ${await build()} files`);
