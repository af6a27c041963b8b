/** Arguments of QMP commands, with what is wrong about them in QEMU's words. */
import * as v from 'valibot';
import { QmpError, type QmpMembers } from '../qmp/index.ts';

const typeNames: Readonly<Record<string, string>> = {
  Object: 'object',
  Array: 'array',
  string: 'string',
  number: 'integer',
  boolean: 'boolean',
};

function explain(issue: v.BaseIssue<unknown>): string {
  const path = (issue.path ?? []).map(({ key }) => String(key)).join('.');
  if (issue.type === 'strict_object' && issue.expected === 'never') return `Parameter '${path}' is unexpected`;
  if (issue.received === 'undefined') return `Parameter '${path}' is missing`;
  const type = typeNames[issue.expected ?? ''];
  if (type !== undefined && issue.message.startsWith('Invalid type'))
    return `Invalid parameter type for '${path}', expected: ${type}`;
  return `Parameter '${path}' ${issue.message.startsWith('Invalid') ? `expects ${issue.expected}` : issue.message}`;
}

/** Checks arguments against a command's schema. Throws QmpError. */
export function checkArguments(schema: v.GenericSchema, given: QmpMembers): unknown {
  const result = v.safeParse(schema, given);
  if (result.success) return result.output;
  throw new QmpError('GenericError', explain(result.issues[0]));
}

export const none = v.strictObject({});
