/** What a VF may be told to be, in the sense of `ip link set DEV vf N …`. */

/** `auto` follows the wire; `enable` holds the link up; `disable` keeps the VF from the network. */
export type LinkState = 'auto' | 'enable' | 'disable';

export interface VfSettings {
  /** Six bytes that the VF cannot change unless trusted; undefined leaves it an address made from the PF's, and the choice. */
  readonly mac: Uint8Array | undefined;
  /** Port VLAN, 1 to 4094: every frame gets it, and only its frames arrive. 0 is none. */
  readonly vlan: number;
  /** Priority of the port VLAN's tag, 0 to 7. */
  readonly qos: number;
  /** Mb/s on the wire for each of the VF's two queues; 0 is no limit. */
  readonly maxTxRateMbps: number;
  /** Drops frames whose source address or VLAN is not the VF's. */
  readonly spoofCheck: boolean;
  /** May change an address that was set, use one of another VF, and be promiscuous. */
  readonly trust: boolean;
  readonly linkState: LinkState;
}

export const defaultSettings: VfSettings = {
  mac: undefined,
  vlan: 0,
  qos: 0,
  maxTxRateMbps: 0,
  spoofCheck: true,
  trust: false,
  linkState: 'auto',
};

/** The address of a VF that was given none: the PF's, locally administered, its last three bytes plus `offset`. */
export function derivedMac(pfMac: Uint8Array, offset: number): Uint8Array {
  const mac = Uint8Array.from(pfMac);
  mac[0] = (mac[0]! | 2) & ~1;
  const low = ((mac[3]! << 16) | (mac[4]! << 8) | mac[5]!) + offset;
  mac[3] = low >>> 16;
  mac[4] = low >>> 8;
  mac[5] = low;
  return mac;
}
