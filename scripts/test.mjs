// npm test: sets the clone up, then static checks, fast tests, protocol tests, speed and a guest with the smoke workload;
// with --all every guest test. The last line counts them all.
import { setUp } from './setup.mjs';

await setUp();
const { staticChecks } = await import('./check.mjs');
const { fastFolders, runTests } = await import('./unit.mjs');
const all = process.argv.includes('--all');

const total = { passed: 0, failed: 0, skipped: 0 };
const add = (counts) => {
  for (const key of Object.keys(total)) total[key] += counts[key] ?? 0;
};
const heading = (text) => console.log(`\n== ${text}`);

heading('Static checks');
add(await staticChecks());
heading('Fast tests');
add(await runTests(fastFolders));
heading('vfio-user: protocol, conformance');
add(await runTests(['test/protocol']));
heading('The web view, in a browser');
add(await runTests(['test/web']));
if (!all) {
  heading('Against QEMU: its wires, its QTest, its tests of igb, its igb as oracle');
  const beside = ['wires', 'qtest-qemu', 'qos'].map((name) => `test/guest/${name}.test.ts`);
  add(await runTests(beside, { reporter: 'spec', concurrency: 1 }));
  // Hundreds of cases: a line each only where one fails.
  add(await runTests(['test/guest/conformance.test.ts', 'test/guest/differential.test.ts'], { concurrency: 1 }));
}
heading('Speed: heap, deoptimisation, ratios to QEMU');
add(await runTests(['test/speed'], { reporter: 'spec', concurrency: 1 }));
heading(all ? 'Guests, all workloads' : 'A guest, smoke workload');
add(await runTests(all ? ['test/guest'] : ['test/guest/smoke.test.ts'], { reporter: 'spec', concurrency: 1 }));

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);
