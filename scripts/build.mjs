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

/** What a source becomes in build/: the text of a module. */
export async function transpile(path, text) {
  const { transform } = await import('esbuild');
  const { code } = await transform(text, {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    sourcefile: path,
    sourcesContent: false,
  });
  return code.replace(/((?:from|import)\s*\(?\s*["']\.{1,2}\/[^"']*)\.ts(["'])/g, '$1.js$2');
}

/** Brings build/ up to date; resolves to the number of files transpiled. Every start of the program waits for this. */
export async function build() {
  const sources = folders.flatMap((folder) => filesBelow(`${root}/${folder}`, '.ts'));
  const wanted = new Map(sources.map((path) => [`${output}${path.slice(root.length, -2)}js`, path]));
  for (const path of folders.flatMap((folder) => filesBelow(`${output}/${folder}`, '.js')))
    if (!wanted.has(path)) rmSync(path, { force: true });
  const stale = [...wanted].filter(([target, source]) => writtenMs(target) < writtenMs(source));
  if (stale.length === 0) return 0;
  await Promise.all(
    stale.map(async ([target, source]) => {
      const code = await transpile(source, readFileSync(source, 'utf8'));
      mkdirSync(dirname(target), { recursive: true });
      const partial = `${target}.${process.pid}`;
      writeFileSync(partial, code);
      renameSync(partial, target);
    }),
  );
  return stale.length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(`built ${await build()} files`);
