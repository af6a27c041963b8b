/** What a NIC is made of, as flags or a JSON file give it. */
import * as v from 'valibot';
import { nearest } from '../wires/index.ts';
import { NicError } from './errors.ts';

const macAddress = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i, 'must look like 52:54:00:12:34:56'),
  v.check((text) => (Number.parseInt(text.slice(0, 2), 16) & 1) === 0, 'must be a unicast address (first byte even)'),
  v.check((text) => !/^00(:00){5}$/.test(text), 'must not be all zero'),
);

const attachmentSchema = v.strictObject({
  /** `hierarchy`: a PCIe domain behind a VMD; `function`: the PF as a plain endpoint. */
  kind: v.picklist(['hierarchy', 'function']),
  /** Path of the unix socket that QEMU connects to. */
  path: v.pipe(v.string(), v.minLength(1), v.maxLength(107, 'is longer than a unix socket path may be (107 bytes)')),
});

const nicSchema = v.strictObject({
  attach: v.pipe(
    v.array(attachmentSchema),
    v.minLength(1, 'needs at least one attachment, such as hierarchy,path=nic.sock'),
    v.maxLength(1, 'takes one attachment: a PF can be in one VM only'),
  ),
  mac: v.optional(macAddress, '52:54:00:82:57:60'),
  /** In QEMU's words, `tap,id=n0,ifname=ob0`; the first that is not a hubport of another is the NIC's. */
  netdev: v.optional(v.array(v.string()), []),
  /** In QEMU's words: `filter-dump,id=f0,netdev=n0,file=x.pcap`. */
  object: v.optional(v.array(v.string()), []),
  msix: v.optional(v.boolean(), true),
  msi: v.optional(v.boolean(), true),
  /** Globs of trace events; a leading `-` excludes. */
  trace: v.optional(v.array(v.string()), []),
  /** Where trace lines go; standard error where not given. */
  traceFile: v.optional(v.string()),
});

export type NicConfig = v.InferOutput<typeof nicSchema>;
export type NicConfigInput = v.InferInput<typeof nicSchema>;

function pathOf(issue: v.BaseIssue<unknown>): string {
  return (issue.path ?? [])
    .map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

function explain(issue: v.BaseIssue<unknown>): string {
  const path = pathOf(issue);
  const parent = issue.path?.at(-1)?.input;
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const keys = parent !== undefined && path.includes('attach') ? attachmentSchema.entries : nicSchema.entries;
    const right = nearest(String(issue.path?.at(-1)?.key), Object.keys(keys));
    return `"${path}" is not a setting${right === undefined ? '' : `; did you mean "${right}"?`}`;
  }
  if (issue.type === 'strict_object' && issue.received === 'undefined') return `"${path}" is missing`;
  if (issue.type === 'picklist')
    return `"${path}" must be one of ${issue.expected?.replaceAll('"', '').replace(/[()]/g, '') ?? ''}`;
  return `"${path}" ${/^(must|needs|takes|is )/.test(issue.message) ? issue.message : `is wrong: ${issue.message}`}`;
}

/** Checks a configuration; throws NicError `CONFIG` with the path of the first wrong setting. */
export function parseConfig(input: unknown): NicConfig {
  const result = v.safeParse(nicSchema, input);
  if (result.success) return result.output;
  throw new NicError('CONFIG', explain(result.issues[0]));
}

/** `hierarchy,path=nic.sock` as a configuration's attachment; the schema judges the rest. */
export function parseAttachment(text: string): Record<string, string> {
  const [kind = '', ...options] = text.split(',');
  const attachment: Record<string, string> = { kind };
  for (const option of options) {
    const equals = option.indexOf('=');
    if (equals < 0) throw new NicError('CONFIG', `"${option}" in --attach ${text} is not of the form key=value`);
    attachment[option.slice(0, equals)] = option.slice(equals + 1);
  }
  return attachment;
}
