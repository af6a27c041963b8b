/** The cable and what is at its other end. */
import * as v from 'valibot';
import { pfNames } from '../../nic/functions.ts';
import type { NetdevStatus } from '../../nic/netdevs.ts';
import type { NetdevOptions } from '../../wires/index.ts';
import { none } from '../arguments.ts';
import { type MonitorContext, MonitorError, type MonitorModule, qmp, query } from '../context.ts';
import { keyList } from '../key-list.ts';
import { addressRegisters, receiveAddresses } from '../addresses.ts';
import { viewOf } from '../register-view.ts';
import { type Style, upDown } from '../style.ts';
import { onOrOff } from '../words.ts';
import { QmpError } from '../../qmp/index.ts';

/** One port of the NIC and its cable. */
interface PortStatus {
  readonly port: number;
  /** Of its PF. */
  readonly name: string;
  readonly mac: string | undefined;
  readonly link: { readonly up: boolean; readonly speedMbps: number };
  /** Where it is plugged in. */
  readonly netdev: string | undefined;
}

export interface NetworkStatus {
  /** Those of port 0. */
  readonly mac: string | undefined;
  readonly link: PortStatus['link'];
  readonly ports: readonly PortStatus[];
  readonly netdevs: readonly NetdevStatus[];
}

/** The name of a PF, and that of the netdev which its port is plugged into, mean the same cable. */
async function setLink({ nic }: MonitorContext, name: string, up: boolean): Promise<void> {
  const plugged = (await nic.request('listNetdevs')).find(({ options }) => options.id === name)?.port;
  const port = plugged ?? pfNames.findIndex((known) => known === name);
  if (port === -1 || port >= nic.ports) throw new QmpError('DeviceNotFound', `Device '${name}' not found`);
  await nic.request('setLink', { up, port });
}

/** `type=tap,ifname=ob0`, as `--netdev` has it. */
function describe({ type, ...options }: NetdevOptions): string {
  const parts: string[] = [];
  const add = (prefix: string, value: unknown): void => {
    if (value === undefined || prefix === 'id') return;
    if (typeof value !== 'object' || value === null) parts.push(`${prefix}=${text(value)}`);
    else for (const [key, inner] of Object.entries(value)) add(prefix === '' ? key : `${prefix}.${key}`, inner);
  };
  add('', options);
  return [`type=${type}`, ...parts].join(',');
}

const text = (value: unknown): string => (typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value));

function renderNetdev({ options, counters, carrier }: NetdevStatus, style: Style): string {
  const { packetsSent, packetsReceived, dropped } = counters;
  const state = carrier === undefined ? '' : `, carrier ${style.paint(upDown(carrier))}`;
  return `${options.id}: index=0,${describe(options)}${state}, ${packetsSent} sent, ${packetsReceived} received, ${dropped} dropped`;
}

function render({ ports, netdevs }: NetworkStatus, style: Style): string {
  const lines = ports.flatMap(({ port, name, mac, link }) => {
    const speed = link.up ? ` at ${link.speedMbps} Mb/s` : '';
    const own = netdevs.find((netdev) => netdev.port === port);
    return [
      `${name}: index=${port},type=nic,model=igb${mac === undefined ? '' : `,macaddr=${mac}`}, link ${style.paint(upDown(link.up))}${speed}`,
      own === undefined ? ' \\ no netdev' : ` \\ ${renderNetdev(own, style)}`,
    ];
  });
  const others = netdevs.filter((netdev) => !netdev.own).map((netdev) => renderNetdev(netdev, style));
  return [...lines, ...others].join('\n');
}

async function fetch(context: MonitorContext): Promise<NetworkStatus> {
  const { nic } = context;
  const numbers = Array.from({ length: nic.ports }, (_, port) => port);
  const [netdevs, counters, views] = await Promise.all([
    nic.request('listNetdevs'),
    nic.request('statistics'),
    Promise.all(numbers.map((port) => viewOf(context, addressRegisters, port))),
  ]);
  const ports = views.map((view, port): PortStatus => {
    const speedMbps = counters[`${port === 0 ? '' : `port${port}.`}linkSpeed`] ?? 0;
    return {
      port,
      name: pfNames[port]!,
      mac: receiveAddresses(view).find(({ entry }) => entry === 0)?.mac,
      link: { up: speedMbps > 0, speedMbps },
      netdev: netdevs.find((netdev) => netdev.port === port)?.options.id,
    };
  });
  const { mac, link } = ports[0]!;
  return { mac, link, ports, netdevs };
}

export const network: MonitorModule = {
  queries: [
    query({
      name: 'network',
      doc: 'the NIC, the netdevs, and who is plugged into what',
      schema: none,
      fetch,
      render,
    }),
  ],
  commands: [
    {
      name: 'set_link',
      usage: 'NAME on|off',
      doc: "pull or plug a port's cable; NAME is pf (pf1 of port 1), or its netdev",
      run: async (context, [name, state]) => {
        if (name === undefined) throw new MonitorError('USAGE', 'set_link pf on|off');
        await setLink(context, name, onOrOff(state, 'the link'));
        return '';
      },
      complete: ({ nic }, words) => (words.length === 1 ? pfNames.slice(0, nic.ports) : ['on', 'off']),
    },
    {
      name: 'netdev_add',
      usage: 'TYPE,id=ID[,KEY=VALUE…]',
      doc: 'open a netdev, as by --netdev; the NIC is plugged into it where it has none',
      run: async ({ nic }, [options]) => {
        if (options === undefined) throw new MonitorError('USAGE', 'netdev_add tap,id=n0,ifname=ob0');
        await nic.addNetdev(options);
        return '';
      },
      complete: () => ['tap', 'packet', 'stream', 'dgram', 'socket', 'passt', 'hubport'].map((type) => `${type},id=`),
    },
    {
      name: 'netdev_del',
      usage: 'ID',
      doc: 'close a netdev',
      run: async ({ nic }, [id]) => {
        if (id === undefined) throw new MonitorError('USAGE', 'netdev_del ID');
        await nic.request('removeNetdev', { id });
        return '';
      },
    },
  ],
  qmp: {
    set_link: qmp(v.strictObject({ name: v.string(), up: v.boolean() }), (context, { name, up }) =>
      setLink(context, name, up),
    ),
    netdev_add: qmp(v.looseObject({ type: v.string(), id: v.string() }), ({ nic }, { type, ...rest }) =>
      nic.addNetdev(keyList(type, rest)),
    ),
    netdev_del: qmp(v.strictObject({ id: v.string() }), ({ nic }, { id }) => nic.request('removeNetdev', { id })),
  },
};
