/** What a configuration write changed, as bits of the number that it returns. */
export const Change = {
  /** Command register (0x04): decoding, bus mastering, INTx disable. */
  command: 1 << 0,
  /** A base address register. */
  bars: 1 << 1,
  /** A bridge's primary, secondary or subordinate bus number. */
  busNumbers: 1 << 2,
  /** A bridge's memory or prefetchable window. */
  windows: 1 << 3,
  bridgeControl: 1 << 4,
  /** PMCSR: power state, PME. */
  power: 1 << 5,
  msi: 1 << 6,
  msix: 1 << 7,
  /** Device Control or Device Control 2 of the PCI Express capability. */
  deviceControl: 1 << 8,
  /** A one was written to Initiate Function Level Reset; the bit itself reads zero. */
  functionReset: 1 << 9,
  /** SR-IOV Control, NumVFs or System Page Size. */
  sriov: 1 << 10,
  /** A VF BAR of the SR-IOV capability. */
  sriovBars: 1 << 11,
  /** A register that only the device itself knows (a VMD's VMCONFIG, say). */
  deviceSpecific: 1 << 12,
  /** Root Control or Root Status of a root port. */
  rootPort: 1 << 13,
} as const;
