/** MACsec and IPsec: storage, no driver of interest uses them. */
import type { RegisterSpec } from '../../../registers/index.ts';

export const security = {
  LSECTX: { at: 0x0b000, count: 64, access: 'rw', inert: true, evidence: 'dpdk', doc: 'MACsec, transmit.' },
  LSECRX: { at: 0x0b300, count: 64, access: 'rw', inert: true, evidence: 'dpdk', doc: 'MACsec, receive.' },
  IPSRXIDX: { at: 0x0b400, access: 'rw', inert: true, evidence: 'dpdk', doc: 'IPsec receive: entry to access.' },
  IPSRXSALT: { at: 0x0b404, access: 'rw', inert: true, evidence: 'dpdk', doc: 'IPsec receive: salt.' },
  IPSRXCMD: { at: 0x0b408, access: 'rw', inert: true, evidence: 'dpdk', doc: 'IPsec receive: command.' },
  IPSRXSPI: { at: 0x0b40c, access: 'rw', inert: true, evidence: 'dpdk', doc: 'IPsec receive: SPI.' },
  IPSRXKEY: { at: 0x0b410, count: 4, access: 'rw', inert: true, evidence: 'dpdk', doc: 'IPsec receive: key.' },
  IPSRXIPADDR: { at: 0x0b420, count: 4, access: 'rw', inert: true, evidence: 'dpdk', doc: 'IPsec receive: address.' },
  IPSCTRL: { at: 0x0b430, access: 'rw', inert: true, evidence: 'dpdk', doc: 'IPsec control.' },
  IPSTXIDX: { at: 0x0b450, access: 'rw', inert: true, evidence: 'dpdk', doc: 'IPsec transmit: entry to access.' },
  IPSTXSALT: { at: 0x0b454, access: 'rw', inert: true, evidence: 'dpdk', doc: 'IPsec transmit: salt.' },
  IPSTXKEY: { at: 0x0b460, count: 4, access: 'rw', inert: true, evidence: 'dpdk', doc: 'IPsec transmit: key.' },
} as const satisfies Readonly<Record<string, RegisterSpec>>;
