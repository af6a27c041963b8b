import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePlan } from '../../../registers/index.ts';
import { pfPlan, vf, vfMap, vfSpecs, vfWindowBytes, type VfMapping } from './index.ts';

type Name = keyof typeof vfSpecs;

/** Offset in the PF's window of one element of a VF's register. */
function inPf(name: Name, v: number, element = 0): number {
  const { pf, perVf, perElement } = vfMap[name]!;
  return pf + v * perVf + element * perElement;
}

test('the registers of a VF fit its window and do not overlap', () => {
  assert.doesNotThrow(() => compilePlan(vfSpecs, vfWindowBytes, []));
});

test('only the vector assignments and the pending bits of a VF are its own', () => {
  const own = (Object.keys(vfSpecs) as Name[]).filter((name) => vfMap[name] === undefined);
  assert.deepEqual(own.sort(), ['PBACL', 'VTIVAR0', 'VTIVAR_MISC']);
});

test('every mapping ends at a register of the PF with as many writable bits', () => {
  const plan = compilePlan(vfSpecs, vfWindowBytes, []);
  for (const name of Object.keys(vfMap) as Name[]) {
    for (let v = 0; v < 8; v += 1) {
      for (let element = 0; element < vf[name].count; element += 1) {
        const index = inPf(name, v, element) >>> 2;
        const own = vf[name].index + element * vf[name].step;
        assert.notEqual(pfPlan.register[index], 0, `${name}[${element}] of VF ${v}`);
        assert.equal(plan.writable[own], pfPlan.writable[index], `${name}[${element}] of VF ${v}`);
        assert.equal(plan.clearOnRead[own], pfPlan.clearOnRead[index], `${name}[${element}] of VF ${v}`);
      }
    }
  }
});

test('no two VFs share a register, but for those of the whole port', () => {
  const shared: Name[] = ['STATUS', 'FRTIMER', 'PBRWAC', 'PBTWAC'];
  const seen = new Map<number, string>();
  for (const [name, mapping] of Object.entries(vfMap) as [Name, VfMapping][]) {
    assert.equal(mapping.perVf === 0, shared.includes(name), name);
    if (mapping.perVf === 0) continue;
    for (let v = 0; v < 8; v += 1) {
      for (let element = 0; element < vf[name].count; element += 1) {
        const offset = inPf(name, v, element);
        assert.equal(seen.get(offset), undefined, `${name}[${element}] of VF ${v}`);
        seen.set(offset, name);
      }
    }
  }
});

test('places that the reference names (01 §1.4, 02 §2.10)', () => {
  assert.equal(inPf('VTEITR', 0, 0), 0x16d8);
  assert.equal(inPf('VTEITR', 0, 2), 0x16e0);
  assert.equal(inPf('VTEITR', 7, 0), 0x1684);
  assert.equal(inPf('RDBAL', 3, 0), 0xc0c0);
  assert.equal(inPf('RDBAL', 3, 1), 0xc2c0);
  assert.equal(inPf('TDWBAH', 7, 1), 0xe3fc);
  assert.equal(inPf('VMBMEM', 2, 15), 0x8bc);
  assert.equal(inPf('V2PMAILBOX', 5), 0xc54);
  assert.equal(inPf('VFMPRC', 1), 0x1013c);
  assert.equal(inPf('PSRTYPE', 7), 0x549c);
  assert.equal(vf.TDWBAL.at + 0x100, 0x3938);
});
