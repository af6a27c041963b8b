/** What the PF knows of one VF: its settings, and what its driver asked for since its last reset. */
import { MULTICAST_HASHES } from '../driver/index.ts';
import type { VfSettings } from './settings.ts';

export interface VfRecord {
  readonly index: number;
  settings: VfSettings;
  /** The address without a request of the VF. */
  readonly derivedMac: Uint8Array;
  /** The one in use. */
  mac: Uint8Array;
  /** It has reset and may talk (igb's CTS flag). */
  ready: boolean;
  /** Twelve-bit hashes of the multicast addresses that it wants. */
  readonly hashes: Uint16Array;
  hashCount: number;
  /** It wanted multicast addresses of the PF's last driver, which are in the table still. */
  inheritedHashes: boolean;
  /** Wanted while it was trusted; they count only while it still is. */
  allMulticast: boolean;
  promiscuous: boolean;
  /** Longest frame in bytes, FCS included; 0 where it never said. */
  longestFrame: number;
  /** It has asked for a VLAN, and with it for tags to be stripped. */
  stripTags: boolean;
  /** When it was last reset or told that it is not ready, in the clock's ns. */
  refusedNs: number;
  /** Requests since the start, and those of them that were refused. */
  requests: number;
  refusals: number;
}

export function makeRecord(index: number, settings: VfSettings, derivedMac: Uint8Array): VfRecord {
  return {
    index,
    settings,
    derivedMac,
    mac: settings.mac ?? derivedMac,
    ready: false,
    hashes: new Uint16Array(MULTICAST_HASHES),
    hashCount: 0,
    inheritedHashes: false,
    allMulticast: false,
    promiscuous: false,
    longestFrame: 0,
    stripTags: false,
    refusedNs: -Infinity,
    requests: 0,
    refusals: 0,
  };
}

/** Forgets what the VF's driver asked for: it was reset. */
export function forgetRequests(record: VfRecord): void {
  record.mac = record.settings.mac ?? record.derivedMac;
  record.ready = false;
  record.hashCount = 0;
  record.inheritedHashes = false;
  record.allMulticast = false;
  record.promiscuous = false;
  record.longestFrame = 0;
  record.stripTags = false;
}

/** Port VLAN and priority as a tag; undefined where there is none. */
export function portTag({ settings: { vlan, qos } }: VfRecord): number | undefined {
  return vlan === 0 && qos === 0 ? undefined : vlan | (qos << 13);
}
