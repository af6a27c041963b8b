/** Words of the mailbox between PF and VF (reference §7.7), as igb and igbvf speak. */

/** Dwords of a mailbox. */
export const MAILBOX_DWORDS = 16;

/** Type of a message, bits 15:0 of its first dword. */
export const Message = {
  reset: 0x01,
  setMacAddress: 0x02,
  setMulticast: 0x03,
  setVlan: 0x04,
  setLongPackets: 0x05,
  setPromiscuous: 0x06,
  /** From the PF, of its own accord. */
  control: 0x0100,
} as const;

export const TYPE_MASK = 0xffff;
/** Bits 23:16: an argument of the message. */
export const INFO_SHIFT = 16;
export const INFO_MASK = 0xff;

/** The PF is ready: the VF may talk, and its link may be up. */
export const CLEAR_TO_SEND = 0x2000_0000;
export const REFUSED = 0x4000_0000;
export const ACCEPTED = 0x8000_0000;

/** Arguments of SET_MAC_ADDR; 0 replaces the VF's address. */
export const MacFilter = { replace: 0, clear: 1, add: 2 } as const;

/** Bits of the argument of SET_PROMISC. */
export const Promiscuous = { unicast: 1, multicast: 2 } as const;

/** Hashes that fit into SET_MULTICAST; a larger count says that there are more. */
export const MULTICAST_HASHES = 30;
