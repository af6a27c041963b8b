/** Numbers of the vfio-user protocol, revision 0.0, in the layout that QEMU 11.1 speaks; everything is little-endian. */

/** Bytes of the header in front of every message: u16 id, u16 command, u32 size with the header, u32 flags, u32 errno. */
export const HEADER_BYTES = 16;

export const command = {
  VERSION: 1,
  DMA_MAP: 2,
  DMA_UNMAP: 3,
  DEVICE_GET_INFO: 4,
  DEVICE_GET_REGION_INFO: 5,
  DEVICE_GET_REGION_IO_FDS: 6,
  DEVICE_GET_IRQ_INFO: 7,
  DEVICE_SET_IRQS: 8,
  REGION_READ: 9,
  REGION_WRITE: 10,
  DMA_READ: 11,
  DMA_WRITE: 12,
  DEVICE_RESET: 13,
  DIRTY_PAGES: 14,
  REGION_WRITE_MULTI: 15,
  DEVICE_FEATURE: 16,
  MIG_DATA_READ: 17,
  MIG_DATA_WRITE: 18,
} as const;

/** Commands of the specification that this server answers with ENOTSUP: it never offers what they need. */
export const unsupportedCommands: ReadonlySet<number> = new Set([
  command.DEVICE_GET_REGION_IO_FDS,
  command.DIRTY_PAGES,
  command.REGION_WRITE_MULTI,
  command.DEVICE_FEATURE,
  command.MIG_DATA_READ,
  command.MIG_DATA_WRITE,
]);

/** Header flags: the low four bits are the type. */
export const TYPE_MASK = 0xf;
export const TYPE_REQUEST = 0;
export const TYPE_REPLY = 1;
export const NO_REPLY = 0x10;
export const ERROR = 0x20;

/** Most data bytes of one REGION_READ, REGION_WRITE, DMA_READ or DMA_WRITE: QEMU's proposal, and the default. */
export const MAX_TRANSFER_BYTES = 1 << 20;
/** The largest message: a header, 16 bytes of address and count, the data. */
export const MAX_MESSAGE_BYTES = HEADER_BYTES + 16 + MAX_TRANSFER_BYTES;
/** Descriptors in one message: QEMU sends at most 16. */
export const MAX_MESSAGE_FDS = 16;
/** DMA maps that a client may have at a time: QEMU's proposal, and the default. */
export const MAX_DMA_MAPS = 65535;
/** The only page size that maps need to be aligned to. */
export const PAGE_BYTES = 4096;

/** BAR0-5, ROM, config space, VGA. */
export const REGIONS = 9;
export const ROM_REGION = 6;
/** INTx, MSI, MSI-X, ERR, REQ. */
export const IRQ_INDEXES = 5;
export const INTX_INDEX = 0;

/** The upper half of an address or offset beyond 2^53 has one of these bits. */
export const BEYOND_INTEGERS = 0xffe00000;
export const TWO_TO_32 = 0x1_0000_0000;
