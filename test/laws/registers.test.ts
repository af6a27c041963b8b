/** Laws that every declared register of the 82576 keeps, under each of its addresses, hooks apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pf, pfBlocks, pfHooks, pfPlan, pfSpecs, pfWindowBytes } from '../../src/devices/igb/tables/index.ts';
import { bitRange, hex, RegisterFile, type Access, type RegisterSpec } from '../../src/registers/index.ts';

const patterns = [0x5a5a5a5a, 0xa5a5a5a5, 0x00000000, 0xffffffff];
const specs: readonly (readonly [string, RegisterSpec])[] = Object.entries(pfSpecs);

interface Place {
  readonly name: string;
  readonly spec: RegisterSpec;
  readonly element: number;
  readonly offset: number;
  /** Offset of the register itself; another one for an alias. */
  readonly home: number;
}

/** Every address at which something is declared. */
function* places(): Generator<Place> {
  for (const [name, spec] of specs) {
    const stride = spec.stride ?? 4;
    for (let element = 0; element < (spec.count ?? 1); element += 1) {
      const home = spec.at + element * stride;
      yield { name, spec, element, offset: home, home };
    }
    for (const alias of spec.aliases ?? []) {
      for (let n = 0; n < (alias.count ?? 1); n += 1) {
        const element = (alias.first ?? 0) + n;
        yield {
          name,
          spec,
          element,
          offset: alias.at + n * (alias.stride ?? stride),
          home: spec.at + element * stride,
        };
      }
    }
  }
}

/** Access of one bit, from the declaration alone. */
function accessOf(spec: RegisterSpec, bit: number): Access {
  for (const field of Object.values(spec.fields ?? {})) {
    const [high, low] = bitRange(field.bits);
    if (bit >= low && bit <= high && field.access !== undefined && field.access !== spec.access) return field.access;
  }
  return ((spec.writable ?? 0xffffffff) >>> bit) % 2 === 1 ? spec.access : 'ro';
}

/** What one bit holds after a write, what software reads of it, and what the read leaves. */
function life(access: Access, before: number, written: number): readonly [stored: number, read: number, left: number] {
  if (access === 'rw') return [written, written, written];
  if (access === 'w1c') return written === 1 ? [0, 0, 0] : [before, before, before];
  if (access === 'w1s') return written === 1 ? [1, 1, 1] : [before, before, before];
  if (access === 'rc') return [before, before, 0];
  if (access === 'wo') return [before, 0, before];
  return [before, before, before];
}

/** The same for a whole register. */
function wordLife(accesses: readonly Access[], before: number, written: number): readonly [number, number, number] {
  let [stored, read, left] = [0, 0, 0];
  accesses.forEach((access, bit) => {
    const [one, two, three] = life(access, (before >>> bit) & 1, (written >>> bit) & 1);
    stored |= one << bit;
    read |= two << bit;
    left |= three << bit;
  });
  return [stored >>> 0, read >>> 0, left >>> 0];
}

function accessesOf(spec: RegisterSpec): Access[] {
  return Array.from({ length: 32 }, (_, bit) => accessOf(spec, bit));
}

test('every register, element and alias has its declared reset value', () => {
  const file = new RegisterFile(pfPlan);
  for (const { name, spec, element, offset, home } of places()) {
    const reset = (spec.resetAt?.[element] ?? spec.reset ?? 0) >>> 0;
    assert.equal(file.indexOf(offset), home >>> 2, `${name} at ${hex(offset)}`);
    assert.equal(file.values[home >>> 2], reset, `${name} at ${hex(offset)}`);
  }
});

test('every address keeps the access of its register, for each pattern over each content', () => {
  const file = new RegisterFile(pfPlan);
  const known = new Map<RegisterSpec, Access[]>();
  for (const { name, spec, element, offset, home } of places()) {
    const accesses = known.get(spec) ?? accessesOf(spec);
    known.set(spec, accesses);
    for (const before of [0, 0xffffffff, (spec.resetAt?.[element] ?? spec.reset ?? 0) >>> 0]) {
      for (const pattern of patterns) {
        const where = `${name} at ${hex(offset)}: ${hex(pattern)} over ${hex(before)}`;
        const [stored, read, left] = wordLife(accesses, before, pattern);
        file.values[home >>> 2] = before;
        assert.equal(file.write(file.indexOf(offset), pattern), before, where);
        assert.equal(file.values[home >>> 2], stored, where);
        assert.equal(file.peek(offset), read, where);
        assert.equal(file.values[home >>> 2], stored, `${where}: peek`);
        assert.equal(file.read(file.indexOf(offset)), read, where);
        assert.equal(file.values[home >>> 2], left, where);
      }
    }
  }
});

test('a write changes no other register', () => {
  const file = new RegisterFile(pfPlan);
  const before = Uint32Array.from(file.values);
  for (const { name, offset, home } of places()) {
    file.write(file.indexOf(offset), 0xffffffff);
    file.values[home >>> 2] = before[home >>> 2]!;
    file.write(file.indexOf(offset), 0);
    file.values[home >>> 2] = before[home >>> 2]!;
    if (offset % 0x400 === 0) assert.deepEqual(file.values, before, name);
  }
  assert.deepEqual(file.values, before);
});

test('what is not declared reads 0 and stores nothing', () => {
  const file = new RegisterFile(pfPlan);
  const declared = new Set([...places()].map(({ offset }) => offset));
  for (let offset = 0; offset < pfWindowBytes; offset += 4) {
    assert.equal(pfPlan.register[offset >>> 2] !== 0, declared.has(offset), hex(offset));
    if (declared.has(offset)) continue;
    file.write(file.indexOf(offset), 0xffffffff);
    assert.equal(file.read(file.indexOf(offset)), 0, hex(offset));
  }
});

test('no two registers share an address, and the blocks share no name', () => {
  const seen = new Map<number, string>();
  for (const { name, offset } of places()) {
    assert.equal(seen.get(offset), undefined, `${name} at ${hex(offset)}`);
    seen.set(offset, name);
  }
  const names = Object.values(pfBlocks).flatMap((block) => Object.keys(block));
  assert.equal(names.length, Object.keys(pfSpecs).length);
});

test('a side effect is named after its register, an inert register has none', () => {
  for (const [name, { onRead, onWrite, inert }] of specs) {
    for (const hook of [onRead, onWrite]) {
      if (hook === undefined) continue;
      assert.equal(hook, name.toLowerCase().replaceAll('_', ''));
      assert.notEqual(inert, true, `${name} is inert but names ${hook}`);
    }
  }
  assert.equal(new Set(pfHooks).size, pfHooks.length);
});

const wakeUp = ['FHFT', 'IP4AT', 'IP6AT', 'IPAV', 'WUFC', 'WUPL', 'WUPM', 'WUS'];

test('CTRL.RST keeps packet buffer sizes, throttles and wake-up, other resets wake-up, power-up nothing (01 §1.5)', () => {
  const file = new RegisterFile(pfPlan);
  const keptBy = (kind: Parameters<typeof file.reset>[0]): string[] => {
    const kept = new Set<string>();
    for (const { home } of places()) file.values[home >>> 2] = 0x12345678;
    file.reset(kind);
    for (const { name, spec, element, home } of places()) {
      const reset = (spec.resetAt?.[element] ?? spec.reset ?? 0) >>> 0;
      if (file.values[home >>> 2] === 0x12345678) kept.add(name);
      else assert.equal(file.values[home >>> 2], reset, name);
    }
    return [...kept].sort();
  };
  assert.deepEqual(keptBy('software'), ['EITR', ...wakeUp, 'RXPBS', 'TXPBS'].sort());
  assert.deepEqual(keptBy('device'), wakeUp);
  assert.deepEqual(keptBy('power-up'), []);
});

test('a field lies in its register and has a meaning', () => {
  for (const [name, { fields, doc }] of specs) {
    assert.match(doc, /\.$/, name);
    for (const [field, { doc: meaning }] of Object.entries(fields ?? {}))
      assert.match(meaning, /\.$/, `${name}.${field}`);
  }
});

test('drivers that poll find what they wait for after a reset (01 §1.5, 08 §8.2, 08 §8.3)', () => {
  const file = new RegisterFile(pfPlan);
  const bits = (register: { at: number }, { mask, shift }: { mask: number; shift: number }) =>
    (file.peek(register.at) & mask) >>> shift;
  assert.equal(bits(pf.EECD, pf.EECD.AUTO_RD), 1);
  assert.equal(bits(pf.EECD, pf.EECD.PRES), 1);
  assert.equal(1 << (bits(pf.EECD, pf.EECD.SIZE_EX) + 6), 1024);
  assert.equal(bits(pf.EEMNGCTL, pf.EEMNGCTL.CFG_DONE_PORT_0), 1);
  assert.equal(bits(pf.EEMNGCTL, pf.EEMNGCTL.CFG_DONE_PORT_1), 1);
  assert.equal(bits(pf.CTRL_EXT, pf.CTRL_EXT.LINK_MODE), 0);
  assert.equal(bits(pf.FWSM, pf.FWSM.MODE), 0);
});

test('bits that clear themselves never read as set', () => {
  const file = new RegisterFile(pfPlan);
  for (const { at, field } of [
    { at: pf.CTRL.at, field: pf.CTRL.RST },
    { at: pf.CTRL_EXT.at, field: pf.CTRL_EXT.EE_RST },
    { at: pf.CTRL_EXT.at, field: pf.CTRL_EXT.ASDCHK },
    { at: pf.RXDCTL.at, field: pf.RXDCTL.SWFLSH },
    { at: pf.TXDCTL.at, field: pf.TXDCTL.SWFLSH },
    { at: pf.PVTCTRL.at, field: pf.PVTCTRL.RST },
  ]) {
    file.write(file.indexOf(at), 0xffffffff);
    assert.equal(file.peek(at) & field.mask, 0, hex(at));
    assert.equal(file.values[at >>> 2]! & field.mask, 0, hex(at));
  }
});
