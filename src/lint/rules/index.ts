/** All rules, by id, grouped for the documentation. */
import type { Rule, RuleTable } from '../rule.ts';
import { accessRules } from './accesses.ts';
import { interruptRules } from './interrupts.ts';
import { receiveRules } from './receive.ts';
import { ringRules } from './rings.ts';
import { sriovRules } from './sriov.ts';
import { transmitRules } from './transmit.ts';

export const ruleGroups: Readonly<Record<string, RuleTable>> = {
  'Rings and queues': ringRules,
  'Transmit descriptors': transmitRules,
  'Receive filters': receiveRules,
  Interrupts: interruptRules,
  'Registers, commands, resets': accessRules,
  'Virtual functions': sriovRules,
};

export const rules: ReadonlyMap<string, Rule> = new Map(
  Object.values(ruleGroups).flatMap((table) => Object.entries(table)),
);
