/** Assembles sum.wat, and has the functions that others call inlined: the engine would call them all, a fifth of a frame's time. */
import binaryen from 'binaryen';
import wabt from 'wabt';

/** Larger ones stay functions of their own, in Binaryen's count of nodes. */
const LARGEST_INLINED = 150;

/** Source of the module that holds the binary, in base64. */
export async function assemble(text: string): Promise<string> {
  const { buffer } = (await wabt()).parseWat('sum.wat', text, { simd: true, bulk_memory: true }).toBinary({});
  const module = binaryen.readBinary(buffer);
  const { SIMD128, BulkMemory, Multivalue } = binaryen.Features;
  module.setFeatures(SIMD128 | BulkMemory | Multivalue);
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(0);
  binaryen.setAlwaysInlineMaxSize(LARGEST_INLINED);
  binaryen.setFlexibleInlineMaxSize(LARGEST_INLINED);
  binaryen.setOneCallerInlineMaxSize(4 * LARGEST_INLINED);
  module.optimize();
  const lines = Buffer.from(module.emitBinary())
    .toString('base64')
    .match(/.{1,120}/g)!;
  return `// Generated from sum.wat by \`npm run wasm\`; change that file, not this one.
// prettier-ignore
export const sumWasm =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;
}
