import { Bridge, type Bus, type PciFunction } from '../../pci/index.ts';
import type { AssembledNic } from '../assembled-nic.ts';
import type { Attachment } from '../attachments.ts';
import { partsOf } from '../functions.ts';

const HEADER_DWORDS = 16;

/** One PCI function as its config space shows it. */
export interface PciFunctionStatus {
  /** `pf`, `vf0`, or what it is on the way there. */
  readonly id: string;
  readonly bus: number;
  /** Device << 3 | function. */
  readonly deviceFunction: number;
  /** The header, by dword. */
  readonly header: Uint32Array;
  readonly bars: readonly {
    readonly bar: number;
    readonly io: boolean;
    readonly wide: boolean;
    readonly prefetch: boolean;
    readonly sizeBytes: number;
    /** -1 where it does not decode. */
    readonly address: number;
  }[];
  /** Functions below a bridge. */
  readonly below?: readonly PciFunctionStatus[];
  /** Its requests may leave. */
  readonly dmaEnabled: boolean;
}

/** What one socket shows. */
export interface PciDomainStatus {
  /** `pf`, or `vf` and its number. */
  readonly id: string;
  readonly kind: 'hierarchy' | 'function' | 'vf';
  readonly path: string;
  readonly attached: boolean;
  readonly functions: readonly PciFunctionStatus[];
}

/** The functions behind each socket. */
export function pciDomains(nic: AssembledNic): PciDomainStatus[] {
  const names = new Map<PciFunction, string>();
  for (let port = 0; port < nic.config.ports; port += 1) {
    const { pf, vfs } = partsOf(nic, port);
    const of = port === 1 ? 'pf1' : '';
    names.set(pf, of || 'pf');
    for (const list of [vfs.hierarchy, vfs.attachable])
      for (const [vf, fn] of list.entries()) if (fn !== undefined) names.set(fn, `${of}vf${vf}`);
  }
  return nic.attachments.list().map(({ id, attachment, attached }) => {
    const { kind, path } = attachment;
    return { id, kind, path, attached, functions: busStatus(rootOf(nic, attachment), names) };
  });
}

function rootOf(nic: AssembledNic, attachment: Attachment): Bus {
  const { pf, vfs } = partsOf(nic, attachment.kind === 'hierarchy' ? 0 : attachment.port);
  return (attachment.kind === 'vf' ? vfs.attachable[attachment.index]!.domain : pf.memory.domain).root;
}

function busStatus(bus: Bus, names: ReadonlyMap<PciFunction, string>): PciFunctionStatus[] {
  return bus.functions.map((fn) => ({
    id: names.get(fn) ?? 'root-port',
    bus: fn.routingId >>> 8,
    deviceFunction: fn.routingId & 0xff,
    header: fn.config.values.slice(0, HEADER_DWORDS),
    bars: fn.bars.flatMap((bar, n) =>
      bar === undefined
        ? []
        : [
            {
              bar: n,
              io: bar.kind === 'io',
              wide: bar.kind === 'memory64',
              prefetch: bar.prefetchable === true,
              sizeBytes: bar.sizeBytes,
              address: fn.decodedAddress(n),
            },
          ],
    ),
    ...(fn instanceof Bridge ? { below: busStatus(fn.secondary, names) } : {}),
    dmaEnabled: fn.dmaEnabled,
  }));
}
