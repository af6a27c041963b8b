/** Wake-up, manageability, host interface to the firmware. */
import type { FieldSpec, RegisterSpec } from '../../../registers/index.ts';

const wakeEvents = {
  LNKC: { bits: 0, doc: 'Link change.' },
  MAG: { bits: 1, doc: 'Magic packet.' },
  EX: { bits: 2, doc: 'Directed exact address.' },
  MC: { bits: 3, doc: 'Multicast.' },
  BC: { bits: 4, doc: 'Broadcast.' },
  ARP: { bits: 5, doc: 'ARP request for an IP address of ours.' },
  IPV4: { bits: 6, doc: 'Directed IPv4.' },
  IPV6: { bits: 7, doc: 'Directed IPv6.' },
  FLEX_HQ: { bits: 14, doc: 'Flexible filters choose queues.' },
  FLX0: { bits: 16, doc: 'Flexible filter 0.' },
  FLX1: { bits: 17, doc: 'Flexible filter 1.' },
  FLX2: { bits: 18, doc: 'Flexible filter 2.' },
  FLX3: { bits: 19, doc: 'Flexible filter 3.' },
} as const satisfies Readonly<Record<string, FieldSpec>>;

export const wakeupManagement = {
  WUC: {
    at: 0x05800,
    access: 'rw',
    onWrite: 'wuc',
    evidence: 'linux',
    doc: 'Wake-up control.',
    fields: {
      APME: { bits: 0, doc: 'Wake by magic packet without an operating system.' },
      PME_EN: { bits: 1, doc: 'Wake-up events assert PME.' },
      PME_STATUS: { bits: 2, access: 'w1c', doc: 'PME is asserted.' },
      APMPME: { bits: 3, doc: 'APM wake-up asserts PME.' },
    },
  },
  WUFC: { at: 0x05808, access: 'rw', inert: true, evidence: 'linux', doc: 'Events that wake.', fields: wakeEvents },
  WUS: {
    at: 0x05810,
    access: 'w1c',
    onWrite: 'wus',
    evidence: 'linux',
    doc: 'Events that happened.',
    fields: wakeEvents,
  },
  MANC: {
    at: 0x05820,
    access: 'rw',
    inert: true,
    evidence: 'linux',
    doc: 'Manageability control.',
    fields: {
      RCV_TCO_EN: { bits: 17, doc: 'Receive for manageability.' },
      BLK_PHY_RST_ON_IDE: { bits: 18, doc: 'Drivers must not reset the PHY.' },
      EN_MNG2HOST: { bits: 21, doc: 'Manageability packets go to the host too.' },
    },
  },
  MFVAL: { at: 0x05824, access: 'rw', inert: true, evidence: 'qemu', doc: 'Valid manageability filters.' },
  IPAV: { at: 0x05838, access: 'rw', inert: true, evidence: 'linux', doc: 'Valid IP addresses.' },
  IP4AT: { at: 0x05840, count: 4, stride: 8, access: 'rw', inert: true, evidence: 'linux', doc: 'IPv4 addresses.' },
  MANC2H: { at: 0x05860, access: 'rw', inert: true, evidence: 'linux', doc: 'Manageability to host.' },
  IP6AT: { at: 0x05880, count: 4, access: 'rw', inert: true, evidence: 'linux', doc: 'IPv6 address.' },
  MDEF: { at: 0x05890, count: 8, access: 'rw', inert: true, evidence: 'qemu', doc: 'Manageability decision filters.' },
  WUPL: {
    at: 0x05900,
    access: 'ro',
    evidence: 'linux',
    doc: 'Length of the packet that woke.',
    fields: { LENGTH: { bits: [11, 0], doc: 'Bytes.' } },
  },
  WUPM: { at: 0x05a00, count: 32, access: 'ro', evidence: 'linux', doc: 'Start of the packet that woke.' },
  HOST_IF: {
    at: 0x08800,
    count: 448,
    access: 'rw',
    inert: true,
    evidence: 'linux',
    doc: 'Memory shared with the firmware.',
  },
  HICR: {
    at: 0x08f00,
    access: 'rw',
    inert: true,
    evidence: 'linux',
    doc: 'Host interface control.',
    fields: {
      EN: { bits: 0, doc: 'The firmware takes commands.' },
      C: { bits: 1, doc: 'A command is ready.' },
    },
  },
  FWSTS: { at: 0x08f0c, access: 'rw', inert: true, evidence: 'dpdk', doc: 'Firmware status.' },
} as const satisfies Readonly<Record<string, RegisterSpec>>;
