/** Physical coding sublayer of the SerDes. On a copper device its status reads 0 and nothing acts on the others. */
import type { RegisterSpec } from '../../../registers/index.ts';

export const pcs = {
  PCS_CFG0: {
    at: 0x04200,
    access: 'rw',
    onWrite: 'pcscfg0',
    evidence: 'linux',
    doc: 'PCS configuration.',
    fields: {
      IGN_SD: { bits: 0, doc: 'Ignore signal detect.' },
      PCS_EN: { bits: 3, doc: 'PCS on.' },
    },
  },
  PCS_LCTL: {
    at: 0x04208,
    access: 'rw',
    onWrite: 'pcslctl',
    evidence: 'linux',
    doc: 'PCS link control.',
    fields: {
      FLV: { bits: 0, doc: 'Forced link value.' },
      FSV: { bits: [2, 1], doc: 'Forced speed value.' },
      FDV: { bits: 3, doc: 'Forced duplex value.' },
      FSD: { bits: 4, doc: 'Force speed and duplex.' },
      FORCE_LINK: { bits: 5, doc: 'Force the link.' },
      LINK_LATCH_LOW: { bits: 6, doc: 'Keep a link loss until read (unproven).' },
      FORCE_FCTRL: { bits: 7, doc: 'Force flow control.' },
      AN_ENABLE: { bits: 16, doc: 'Auto-negotiation on.' },
      AN_RESTART: { bits: 17, access: 'wo', doc: 'Negotiate again; clears itself.' },
      AN_TIMEOUT: { bits: 18, doc: 'Auto-negotiation may time out.' },
    },
  },
  PCS_LSTAT: {
    at: 0x0420c,
    access: 'ro',
    onRead: 'pcslstat',
    evidence: 'linux',
    doc: 'PCS link status.',
    fields: {
      LINK_OK: { bits: 0, doc: 'Link up.' },
      SPEED_100: { bits: 1, doc: '100 Mb/s.' },
      SPEED_1000: { bits: 2, doc: '1000 Mb/s.' },
      DUPLEX_FULL: { bits: 3, doc: 'Full duplex.' },
      SYNC_OK: { bits: 4, doc: 'Synchronised.' },
      AN_COMPLETE: { bits: 16, doc: 'Auto-negotiation complete.' },
    },
  },
  PCS_ANADV: { at: 0x04218, access: 'rw', inert: true, evidence: 'linux', doc: 'Abilities to advertise.' },
  PCS_LPAB: { at: 0x0421c, access: 'ro', onRead: 'pcslpab', evidence: 'linux', doc: 'Abilities of the partner.' },
  PCS_NPTX: { at: 0x04220, access: 'rw', inert: true, evidence: 'linux', doc: 'Next page to send.' },
  PCS_LPABNP: { at: 0x04224, access: 'ro', evidence: 'linux', doc: 'Next page of the partner.' },
} as const satisfies Readonly<Record<string, RegisterSpec>>;
