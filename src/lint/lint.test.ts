import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf } from '../devices/igb/tables/index.ts';
import { busOver, initialisePort, resetPort, startPort } from '../driver/index.ts';
import { findingLine } from './findings.ts';
import { Lint } from './lint.ts';
import { rules } from './rules/index.ts';
import { ENABLE, LintedDriver, LintedVfs, rulesOf } from './testing.ts';

test('there are rules enough, each with what is wrong, what to do and a section', () => {
  assert.ok(rules.size >= 25);
  for (const [id, { wrong, advice, section, looks }] of rules) {
    assert.match(id, /^[a-z]+(-[a-z]+)+$/);
    assert.match(wrong, /^[a-z].*[^.]$/, id);
    assert.match(advice, /^[A-Z].*\.$/, id);
    assert.match(section, /^[1-8]\.\d+$/, id);
    assert.ok(looks.length > 0, id);
  }
});

test("igb's probe, open, traffic and reset, and igbvf's, are silent", () => {
  const bench = new LintedDriver();
  const frame = Uint8Array.from({ length: 60 }, (_, n) => (n < 6 ? 0xff : n));
  for (let n = 0; n < 600; n += 1) {
    bench.driver.send(frame);
    bench.receive(frame);
    bench.driver.sleep(1);
    bench.driver.receiveAll();
    bench.write(pf.EIMS, 2);
  }
  bench.driver.reset();
  bench.driver.open();
  assert.deepEqual(rulesOf(bench.lint), []);
  assert.deepEqual(rulesOf(new LintedVfs().lint), []);
});

test('the driver that drives the PF while no machine does is silent', () => {
  const { driver, lint } = new LintedDriver();
  const bus = busOver(driver.port);
  resetPort(bus);
  initialisePort(bus);
  startPort(bus);
  assert.deepEqual(rulesOf(lint), []);
});

test('a mistake is told once and counted: register, value, queue, whose it is', () => {
  const bench = new LintedDriver();
  const told: string[] = [];
  const lint = new Lint(bench.driver.context.trace, [bench.driver.port.context], (finding) =>
    told.push(findingLine(finding)),
  );
  for (let n = 0; n < 3; n += 1) bench.set(pf.TDT, 0, 300 + n);
  bench.set(pf.TXDCTL, 5, ENABLE);
  const { findings, unlisted } = lint.report();
  assert.deepEqual(
    findings.map(({ rule, count, register, value, queue, function: owner, port, section }) => ({
      ...{ rule, count, register, value, queue, owner, port, section },
    })),
    [
      {
        ...{ rule: 'tail-beyond-ring', count: 3, register: 'TDT[0]', value: 300, queue: 0, owner: 'PF', port: 0 },
        section: '3.10',
      },
      {
        ...{ rule: 'queue-without-length', count: 1, register: 'TXDCTL[5]', value: ENABLE, queue: 5, owner: 'PF' },
        ...{ port: 0, section: '5.1' },
      },
    ],
  );
  assert.equal(unlisted, 0);
  assert.equal(told.length, 2);
  assert.equal(
    told[0],
    'lint: the driver moves a tail beyond its ring (PF, queue 0; register TDT[0] value 0x0000012c). A tail is the index of ' +
      'a descriptor, below the length of the ring; the ring counts as empty. [tail-beyond-ring, reference §3.10]',
  );
});

test('what a hostile guest makes wrong is bounded, and all of it counted', () => {
  const bench = new LintedDriver();
  for (let round = 0; round < 2; round += 1) {
    for (let at = 0x1_8000; at < 0x1_f000; at += 4) bench.write({ at }, 1);
  }
  const { findings, unlisted } = bench.lint.report();
  assert.equal(findings.length, 16);
  const counted = findings.reduce((sum, { count }) => sum + count, unlisted);
  assert.equal(counted, 2 * (0x7000 / 4));
});

test('looking changes nothing, and nothing is heard after the end', () => {
  const bench = new LintedDriver();
  const { trace } = bench.driver.context;
  bench.lint.close();
  assert.equal(trace.listeners.length, 0);
  bench.set(pf.TDT, 0, 300);
  assert.deepEqual(rulesOf(bench.lint), []);
});
