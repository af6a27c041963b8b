/** What a NIC is made of, as flags or a JSON file give it. */
import * as v from 'valibot';
import { longestCableMetres } from '../devices/igb/link/copper-cable.ts';
import { parseLoopbackAddress } from '../metrics/loopback-address.ts';
import { parseMac } from '../packet/index.ts';
import { nearest } from '../wires/index.ts';
import { NicError } from './errors.ts';

/** VFs of a NIC. */
const VF_COUNT = 8;

const macAddress = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i, 'must look like 52:54:00:12:34:56'),
  v.check((text) => (Number.parseInt(text.slice(0, 2), 16) & 1) === 0, 'must be a unicast address (first byte even)'),
  v.check((text) => !/^00(:00){5}$/.test(text), 'must not be all zero'),
);

function whole(low: number, high: number, what: string) {
  const message = `must be ${what}: a whole number from ${low} to ${high}`;
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.check((value) => value >= low && value <= high, message),
  );
}

const portNumber = v.optional(v.picklist([0, 1]), 0);
const vfIndex = whole(0, VF_COUNT - 1, 'the number of a VF');

/** Path of the unix socket that QEMU connects to. */
const socketPath = v.pipe(
  v.string('must be the path of a unix socket'),
  v.minLength(1, 'must be the path of a unix socket'),
  v.maxLength(107, 'is longer than a unix socket path may be (107 bytes)'),
);

/** QMP of the virtual machine that is there, to stop it at breakpoints. */
const qmp = v.optional(socketPath);

const needsAttachment = 'needs at least one attachment, such as hierarchy,path=nic.sock';

const attachmentSchemas = {
  /** A PCIe domain behind a VMD, with the PF in it. */
  hierarchy: v.strictObject({ kind: v.literal('hierarchy'), path: socketPath, qmp }),
  /** The PF of a port as a plain endpoint. */
  function: v.strictObject({
    kind: v.literal('function'),
    port: portNumber,
    path: socketPath,
    qmp,
  }),
  /** One VF of a port as a plain endpoint. */
  vf: v.strictObject({ kind: v.literal('vf'), port: portNumber, index: vfIndex, path: socketPath, qmp }),
} as const;

const loopbackAddress = v.pipe(
  v.string(),
  v.check(
    (text) => parseLoopbackAddress(text) !== undefined,
    'must be a loopback address and a port, such as 127.0.0.1:9100 or 127.0.0.1:0',
  ),
);

const onOff = v.boolean('must be true or false');

/** What `ip link set DEV vf N …` can set, in its words. */
const vfSchema = v.strictObject({
  port: portNumber,
  index: vfIndex,
  mac: v.optional(macAddress),
  /** Port VLAN; 0 is none. */
  vlan: v.optional(whole(0, 4094, 'a VLAN, or 0 for none'), 0),
  qos: v.optional(whole(0, 7, 'a priority'), 0),
  /** Mb/s; 0 is no limit. */
  max_tx_rate: v.optional(whole(0, 1000, 'a rate in Mb/s, or 0 for none'), 0),
  spoofchk: v.optional(onOff, true),
  trust: v.optional(onOff, false),
  state: v.optional(v.picklist(['auto', 'enable', 'disable']), 'auto'),
});

/** The other end of the cable, in ethtool's words. */
const linkPartnerSchema = v.strictObject({
  /** Mb/s: the highest it can do, or without autoneg the only one. */
  speed: v.optional(v.picklist([10, 100, 1000]), 1000),
  duplex: v.optional(v.picklist(['half', 'full']), 'full'),
  autoneg: v.optional(onOff, true),
  pause: v.optional(v.picklist(['none', 'symmetric', 'asymmetric', 'both']), 'symmetric'),
});

/** The copper cable to it. */
const cableSchema = v.strictObject({
  /** Metres. */
  length: v.optional(whole(0, longestCableMetres, 'a length in metres'), 10),
  crossed: v.optional(onOff, false),
  polarity: v.optional(v.picklist(['normal', 'reversed']), 'normal'),
  /** 1000 Mb/s takes four. */
  pairs: v.optional(v.picklist([2, 4]), 4),
});

const unique = (values: readonly unknown[]): boolean => new Set(values).size === values.length;

/** The ports that an attachment has whole; a hierarchy has all. */
const portsOf = (attachment: { readonly kind: string; readonly port?: number }): number[] =>
  attachment.kind === 'hierarchy' ? [0, 1] : attachment.kind === 'function' ? [attachment.port ?? 0] : [];

/** A VF by port and number. */
const vfOf = ({ port, index }: { readonly port: number; readonly index: number }): string => `${port}:${index}`;

const attachmentSchema = v.variant('kind', [
  attachmentSchemas.hierarchy,
  attachmentSchemas.function,
  attachmentSchemas.vf,
]);

const nicSchema = v.strictObject({
  attach: v.pipe(
    v.array(attachmentSchema),
    v.minLength(1, needsAttachment),
    v.check(
      (list) => unique(list.flatMap((entry) => portsOf(entry))),
      'takes one attachment of the PF (hierarchy or function): it can be in one VM only',
    ),
    v.check(
      (list) => unique(list.flatMap((entry) => (entry.kind === 'vf' ? [vfOf(entry)] : []))),
      'takes one attachment of each VF: it can be in one VM only',
    ),
    v.check((list) => unique(list.map(({ path }) => path)), 'needs a socket of its own for each attachment'),
  ),
  /** What machines see of a PF that is attached later, where no attachment says it from the start. */
  pf: v.optional(v.picklist(['hierarchy', 'function']), 'hierarchy'),
  /** Two make a card with functions 0 and 1, each with a netdev of its own. */
  ports: v.optional(v.picklist([1, 2]), 1),
  /** Address of port 0; port 1 has it with the lowest bit of the last byte inverted. */
  mac: v.optional(macAddress, '52:54:00:82:57:60'),
  /** Settings of VFs while no VM has the PF; with one, its own driver sets them. */
  vfs: v.optional(
    v.pipe(
      v.array(vfSchema),
      v.check((list) => unique(list.map(vfOf)), 'must not set a VF twice'),
      v.check(
        (list) => unique(list.flatMap(({ mac }) => (mac === undefined ? [] : [mac.toLowerCase()]))),
        'must not give two VFs the same mac',
      ),
    ),
    [],
  ),
  /** A socket for copper cable, or an SFP cage with an optical module. */
  media: v.optional(v.picklist(['copper', 'sfp']), 'copper'),
  linkPartner: v.optional(linkPartnerSchema, {}),
  cable: v.optional(cableSchema, {}),
  /** File that keeps the NVM; what it holds goes before `mac`. */
  nvm: v.optional(v.pipe(v.string(), v.minLength(1, 'must be the name of a file'))),
  /** File that keeps the flash; a new one begins with `romfile`. */
  flash: v.optional(v.pipe(v.string(), v.minLength(1, 'must be the name of a file'))),
  /** File with an option ROM. */
  romfile: v.optional(v.pipe(v.string(), v.minLength(1, 'must be the name of a file'))),
  /** In QEMU's words, `tap,id=n0,ifname=ob0`; the first that is not a hubport of another is the NIC's. */
  netdev: v.optional(v.array(v.string()), []),
  /** In QEMU's words: `filter-dump,id=f0,netdev=n0,file=x.pcap`. */
  object: v.optional(v.array(v.string()), []),
  /** Where QMP and HMP are spoken, in QEMU's words: `unix:qmp.sock,server=on,wait=off`, `stdio`. */
  qmp: v.optional(v.array(v.string()), []),
  monitor: v.optional(v.array(v.string()), []),
  /** Faults from the start: `drop,direction=rx,probability=0.01` (docs/faults.md). */
  fault: v.optional(v.array(v.string()), []),
  /** Where the device stops: `reg:TDT[0] write && value > 5` (docs/debugging.md). */
  break: v.optional(v.array(v.string()), []),
  msix: v.optional(v.boolean(), true),
  msi: v.optional(v.boolean(), true),
  /** Tells of what drivers do wrong. */
  lint: v.optional(onOff, false),
  /** Globs of trace events; a leading `-` excludes. Without it a trace file gets the usual ones, standard error none. */
  trace: v.optional(v.array(v.string())),
  /** Loopback address and port that answer Prometheus, such as `127.0.0.1:9100`; port 0 for any that is free. */
  metrics: v.optional(loopbackAddress),
  /** The same for the web view. */
  web: v.optional(loopbackAddress),
  /** Where trace lines go; standard error where not given. */
  traceFile: v.optional(v.string()),
});

export type NicConfig = v.InferOutput<typeof nicSchema>;
export type NicConfigInput = v.InferInput<typeof nicSchema>;

/** A port's address: port 1 has that of the NIC with its lowest bit inverted. */
export function macOfPort({ mac }: NicConfig, portNumber: number): Uint8Array {
  const address = parseMac(mac)!;
  address[5]! ^= portNumber;
  return address;
}

function pathOf(issue: v.BaseIssue<unknown>): string {
  return (issue.path ?? [])
    .map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

const didYouMean = (word: string, words: readonly string[]): string => {
  const right = nearest(word, words);
  return right === undefined ? '' : `; did you mean "${right}"?`;
};

/** What to write instead of an unknown key. */
function adviceFor(issue: v.BaseIssue<unknown>): string {
  const path = issue.path ?? [];
  const key = String(path.at(-1)?.key);
  let keys = Object.keys(nicSchema.entries);
  if (path.length === 2 && path[0].key === 'linkPartner') keys = Object.keys(linkPartnerSchema.entries);
  else if (path.length === 2 && path[0].key === 'cable') keys = Object.keys(cableSchema.entries);
  else if (path.length === 3 && path[0].key === 'vfs') keys = Object.keys(vfSchema.entries);
  else if (path.length === 3) {
    const { kind } = path[2]!.input as { kind: keyof typeof attachmentSchemas };
    if (key === 'index') return ` of ${kind}, but of vf`;
    keys = Object.keys(attachmentSchemas[kind].entries);
  }
  return didYouMean(key, keys);
}

/** Types of JSON in words. */
const typeNames: Readonly<Record<string, string>> = {
  Array: 'a list',
  Object: 'an object',
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
};

/** Words of a picklist as valibot gives them: `("copper" | "sfp")`. */
const choicesOf = (issue: v.BaseIssue<unknown>): string[] => (issue.expected ?? '').replace(/[()"]/g, '').split(' | ');

function explain(issue: v.BaseIssue<unknown>): string {
  const path = pathOf(issue);
  const attachment = /^attach\[\d+\]$/.test(path);
  if (issue.type === 'strict_object' && issue.expected === 'never')
    return `"${path}" is not a setting${adviceFor(issue)}`;
  if (issue.received === 'undefined') return `"${path}" ${path === 'attach' ? needsAttachment : 'is missing'}`;
  if (attachment) return `"${path}" must be an object such as {"kind": "hierarchy", "path": "nic.sock"}`;
  if (issue.type === 'picklist' || issue.type === 'variant') {
    const choices = choicesOf(issue);
    // The choices are there to read: a guess is of use for what is a slip of the finger only.
    const guess = typeof issue.input === 'string' && issue.input.length > 3 ? didYouMean(issue.input, choices) : '';
    return `"${path}" must be one of ${choices.join(', ')}${guess}`;
  }
  const type = typeNames[issue.expected ?? ''];
  if (type !== undefined && issue.message.startsWith('Invalid type')) return `"${path}" must be ${type}`;
  return `"${path}" ${/^(must|needs|takes|is )/.test(issue.message) ? issue.message : `is wrong: ${issue.message}`}`;
}

/** A misspelt key explains what else seems to be missing. */
const isUnknownKey = (issue: v.BaseIssue<unknown>): boolean =>
  issue.type === 'strict_object' && issue.expected === 'never';

/** Checks one more element of `attach`; throws NicError `CONFIG`. */
export function checkAttachment(input: unknown): NicConfig['attach'][number] {
  const result = v.safeParse(v.strictObject({ attach: v.tuple([attachmentSchema]) }), { attach: [input] });
  if (result.success) return result.output.attach[0];
  throw new NicError('CONFIG', explain(result.issues.find(isUnknownKey) ?? result.issues[0]).replace('attach[0].', ''));
}

/** Checks an element of `vfs`; throws NicError `CONFIG`. */
export function checkVf(input: unknown): NicConfig['vfs'][number] {
  const result = v.safeParse(v.strictObject({ vfs: v.tuple([vfSchema]) }), { vfs: [input] });
  if (result.success) return result.output.vfs[0];
  throw new NicError('CONFIG', explain(result.issues.find(isUnknownKey) ?? result.issues[0]).replace('vfs[0].', ''));
}

/** Checks a configuration; throws NicError `CONFIG` with the path of the first wrong setting. */
export function parseConfig(input: unknown): NicConfig {
  const result = v.safeParse(nicSchema, input);
  if (!result.success) throw new NicError('CONFIG', explain(result.issues.find(isUnknownKey) ?? result.issues[0]));
  const { attach, vfs, ports } = result.output;
  const beyond = (entry: object): boolean => 'port' in entry && (entry.port as number) >= ports;
  for (const [name, list] of Object.entries({ attach, vfs }))
    if (list.some(beyond)) {
      const where = `"${name}[${list.findIndex(beyond)}].port"`;
      throw new NicError('CONFIG', `${where} is 1, but the NIC has one port: set "ports" to 2`);
    }
  for (const { port, index } of vfs) {
    const pf = attach.findIndex((entry) => portsOf(entry).includes(port));
    if (pf < 0) continue;
    const why = `"vfs" is for a port whose PF is in no VM; attach[${pf}] gives it to one`;
    throw new NicError('CONFIG', `${why}: use ip link set DEV vf ${index} … there`);
  }
  return result.output;
}
