/** Sockets and the PCI functions behind them: `info pci` in QEMU's schema and words, `info qtree` as a tree. */
import { type PciDomainStatus, type PciFunctionStatus } from '../../nic/commands/pci.ts';
import { none } from '../arguments.ts';
import { type MonitorModule, query } from '../context.ts';
import { describeFunction, type PciDeviceInfo, pciDevice } from '../pci-info.ts';
import { type Style, upDown } from '../style.ts';

/** QEMU's PciInfo, and which socket it is behind. */
interface PciInfo {
  readonly bus: number;
  readonly devices: readonly PciDeviceInfo[];
  readonly socket: string;
  readonly attached: boolean;
}

function branch({ id, below, dmaEnabled, header }: PciFunctionStatus, indent: string): string[] {
  const [first] = header;
  const ids = `${(first! & 0xffff).toString(16).padStart(4, '0')}:${(first! >>> 16).toString(16).padStart(4, '0')}`;
  const line = `${indent}dev: ${id}, ${ids}, bus master ${dmaEnabled ? 'on' : 'off'}`;
  if (below === undefined) return [line];
  return [line, `${indent}  bus: pcie`, ...below.flatMap((fn) => branch(fn, `${indent}    `))];
}

function tree({ id, kind, path, attached, functions }: PciDomainStatus, style: Style): string[] {
  const state = style.paint(attached ? ['a machine is attached', 'green'] : ['no machine', 'dim']);
  const head = `socket: ${path}, ${kind} ${id}, ${state}`;
  if (kind !== 'hierarchy') return [head, ...functions.flatMap((fn) => branch(fn, '  '))];
  return [head, '  dev: vmd, 8086:28c0', '    bus: vmd', ...functions.flatMap((fn) => branch(fn, '      '))];
}

export const pci: MonitorModule = {
  queries: [
    query({
      name: 'pci',
      doc: 'the PCI functions that machines see',
      schema: none,
      fetch: async ({ nic }): Promise<PciInfo[]> => {
        const domains = await nic.request('pciDomains');
        return domains.map(({ functions, path, attached }) => ({
          bus: 0,
          devices: functions.map(pciDevice),
          socket: path,
          attached,
        }));
      },
      render: (domains: readonly PciInfo[], style) =>
        domains
          .flatMap(({ socket, devices, attached }) => [
            `Socket ${socket}: ${style.paint(upDown(attached)).replace('up', 'attached').replace('down', 'not attached')}`,
            ...devices.flatMap(describeFunction),
          ])
          .join('\n'),
    }),
    query({
      name: 'qtree',
      doc: 'sockets, buses and functions as a tree, with netdevs',
      schema: none,
      fetch: async ({ nic }) => ({
        sockets: await nic.request('pciDomains'),
        netdevs: (await nic.request('listNetdevs')).map(({ options: { type, id }, own }) => ({ type, id, own })),
      }),
      render: ({ sockets, netdevs }, style) =>
        [
          ...sockets.flatMap((socket) => tree(socket, style)),
          ...netdevs.map(({ type, id, own }) => `netdev: ${id}, ${type}${own ? ', at the NIC' : ''}`),
        ].join('\n'),
    }),
  ],
};
