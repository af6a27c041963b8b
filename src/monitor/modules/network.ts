/** The cable and what is at its other end. */
import * as v from 'valibot';
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

/** Names of the NIC, and of the netdev that it is plugged into, which mean the same cable. */
async function setLink({ nic }: MonitorContext, name: string, up: boolean): Promise<void> {
  const own = (await nic.request('listNetdevs')).find((netdev) => netdev.own);
  if (name !== 'pf' && name !== own?.options.id) {
    throw new QmpError('DeviceNotFound', `Device '${name}' not found`);
  }
  await nic.request('setLink', { up });
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

function render(
  {
    mac,
    link,
    netdevs,
  }: { mac: string | undefined; link: { up: boolean; speedMbps: number }; netdevs: readonly NetdevStatus[] },
  style: Style,
): string {
  const line = ({ options, counters, carrier }: NetdevStatus): string => {
    const { packetsSent, packetsReceived, dropped } = counters;
    const state = carrier === undefined ? '' : `, carrier ${style.paint(upDown(carrier))}`;
    return `${options.id}: index=0,${describe(options)}${state}, ${packetsSent} sent, ${packetsReceived} received, ${dropped} dropped`;
  };
  const speed = link.up ? ` at ${link.speedMbps} Mb/s` : '';
  const own = netdevs.find((netdev) => netdev.own);
  return [
    `pf: index=0,type=nic,model=igb${mac === undefined ? '' : `,macaddr=${mac}`}, link ${style.paint(upDown(link.up))}${speed}`,
    ...(own === undefined ? [' \\ no netdev'] : [` \\ ${line(own)}`]),
    ...netdevs.filter((netdev) => !netdev.own).map(line),
  ].join('\n');
}

export const network: MonitorModule = {
  queries: [
    query({
      name: 'network',
      doc: 'the NIC, the netdevs, and who is plugged into what',
      schema: none,
      fetch: async (context) => {
        const { nic } = context;
        const [netdevs, counters, view] = await Promise.all([
          nic.request('listNetdevs'),
          nic.request('statistics'),
          viewOf(context, addressRegisters),
        ]);
        const speedMbps = counters['linkSpeed'] ?? 0;
        return {
          mac: receiveAddresses(view).find(({ entry }) => entry === 0)?.mac,
          link: { up: speedMbps > 0, speedMbps },
          netdevs,
        };
      },
      render,
    }),
  ],
  commands: [
    {
      name: 'set_link',
      usage: 'NAME on|off',
      doc: "pull or plug the NIC's cable; NAME is pf, or its netdev",
      run: async (context, [name, state]) => {
        if (name === undefined) throw new MonitorError('USAGE', 'set_link pf on|off');
        await setLink(context, name, onOrOff(state, 'the link'));
        return '';
      },
      complete: (_context, words) => (words.length === 1 ? ['pf'] : ['on', 'off']),
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
