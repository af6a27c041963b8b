/** The keys of each `-netdev` type that is understood here, spelled as QEMU spells them, and what their values become. */
import * as v from 'valibot';

const onOff = v.pipe(
  v.picklist(['on', 'off', 'yes', 'no', 'true', 'false'], 'is on or off'),
  v.transform((value) => value === 'on' || value === 'yes' || value === 'true'),
);
const count = (maximum: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,10}$/, `is a number from 0 to ${maximum}`),
    v.transform(Number),
    v.maxValue(maximum, `is a number from 0 to ${maximum}`),
  );
const text = v.pipe(v.string(), v.nonEmpty('is empty'));
const fd = count(0x7fffffff);
const port = count(65535);
const interfaceName = v.pipe(text, v.maxLength(15, 'has at most 15 characters'));
const id = v.optional(v.string(), '');
/** Here no program is run for an interface. */
const noScript = v.optional(v.picklist(['no', ''], 'can only be "no": set the interface up yourself'));
const path = v.pipe(text, v.maxBytes(107, 'has at most 107 bytes'));

const address = <const P extends string>(prefix: P) =>
  ({
    [`${prefix}.type`]: v.optional(v.picklist(['inet', 'unix', 'fd'], 'is inet, unix or fd')),
    [`${prefix}.host`]: v.optional(v.string()),
    [`${prefix}.port`]: v.optional(port),
    [`${prefix}.path`]: v.optional(path),
    [`${prefix}.str`]: v.optional(fd),
  }) as {
    readonly [K in `${P}.type`]: v.OptionalSchema<v.PicklistSchema<['inet', 'unix', 'fd'], string>, undefined>;
  } & { readonly [K in `${P}.host`]: v.OptionalSchema<v.StringSchema<undefined>, undefined> } & {
    readonly [K in `${P}.port`]: v.OptionalSchema<typeof port, undefined>;
  } & { readonly [K in `${P}.path`]: v.OptionalSchema<typeof path, undefined> } & {
    readonly [K in `${P}.str`]: v.OptionalSchema<typeof fd, undefined>;
  };

export const schemas = {
  tap: v.object({
    id,
    ifname: v.optional(interfaceName),
    fd: v.optional(fd),
    vnet_hdr: v.optional(onOff),
    script: noScript,
    downscript: noScript,
  }),
  packet: v.object({
    id,
    ifname: v.optional(interfaceName),
    fd: v.optional(fd),
    vnet_hdr: v.optional(onOff),
  }),
  stream: v.object({
    id,
    server: v.optional(onOff),
    ...address('addr'),
    'reconnect-ms': v.optional(count(3_600_000)),
    /** Seconds; the older spelling. */
    reconnect: v.optional(count(3600)),
  }),
  dgram: v.object({ id, ...address('local'), ...address('remote') }),
  socket: v.object({
    id,
    fd: v.optional(fd),
    listen: v.optional(text),
    connect: v.optional(text),
    mcast: v.optional(text),
    udp: v.optional(text),
    localaddr: v.optional(text),
  }),
  /** `netdev` connects the port to another netdev instead of leaving it to a NIC. */
  hubport: v.object({ id, hubid: count(0x7fffffff), netdev: v.optional(id) }),
  passt: v.object({
    id,
    path: v.optional(text),
    quiet: v.optional(onOff),
    mtu: v.optional(count(65535)),
    address: v.optional(text),
    netmask: v.optional(text),
    gateway: v.optional(text),
    interface: v.optional(interfaceName),
    dns: v.optional(text),
    'tcp-ports': v.optional(text),
    'udp-ports': v.optional(text),
  }),
};

export type NetdevType = keyof typeof schemas;
export type NetdevValues<T extends NetdevType> = v.InferOutput<(typeof schemas)[T]>;
