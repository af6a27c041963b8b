/** Headers of configuration space: type 0 (endpoints) and type 1 (bridges). PCI Express 7.5.1. */
import { Change } from './change.ts';
import type { ConfigSpace } from './config-space.ts';

/** Offsets of the registers that the bus code itself uses. */
export const Header = {
  command: 0x04,
  status: 0x06,
  bar: 0x10,
  primaryBus: 0x18,
  secondaryBus: 0x19,
  subordinateBus: 0x1a,
  memoryBase: 0x20,
  memoryLimit: 0x22,
  prefetchBase: 0x24,
  prefetchLimit: 0x26,
  prefetchBaseUpper: 0x28,
  prefetchLimitUpper: 0x2c,
  expansionRom: 0x30,
  capabilities: 0x34,
  interruptLine: 0x3c,
  interruptPin: 0x3d,
  bridgeControl: 0x3e,
} as const;

export const Command = { io: 1 << 0, memory: 1 << 1, busMaster: 1 << 2, interruptDisable: 1 << 10 } as const;
export const Status = { interrupt: 1 << 3, capabilities: 1 << 4 } as const;
export const BridgeControl = { secondaryBusReset: 1 << 6 } as const;

/** I/O, memory, bus master, parity response, SERR# and INTx disable; the rest is hardwired to zero on PCI Express. */
const COMMAND_WRITABLE = 0x0547;
const STATUS_ERRORS = 0xf900;

export interface Identity {
  readonly vendorId: number;
  readonly deviceId: number;
  readonly revision: number;
  /** 24 bits: class, subclass, programming interface. */
  readonly classCode: number;
  readonly subsystemVendorId?: number;
  readonly subsystemId?: number;
  /** Value after reset; firmware changes it at will. */
  readonly cacheLineSize?: number;
  /** Other functions of the device stand beside this one. */
  readonly multiFunction?: boolean;
  /** 1 is INTA; 0 where the function has no INTx. */
  readonly interruptPin?: number;
  /** Command bits that a guest can write, where fewer than usual (a VF has bus master only). */
  readonly commandWritable?: number;
}

function declareCommon(config: ConfigSpace, identity: Identity, headerType: number): void {
  config.declare(
    { at: 0x00, size: 2, value: identity.vendorId },
    { at: 0x02, size: 2, value: identity.deviceId },
    { at: 0x04, size: 2, writable: identity.commandWritable ?? COMMAND_WRITABLE, announces: Change.command },
    { at: 0x06, size: 2, writeOneClears: STATUS_ERRORS },
    { at: 0x08, size: 4, value: (identity.classCode << 8) | identity.revision },
    { at: 0x0c, size: 1, value: identity.cacheLineSize ?? 0, writable: 0xff },
    { at: 0x0d, size: 1 },
    { at: 0x0e, size: 1, value: headerType },
    { at: 0x0f, size: 1 },
    { at: 0x34, size: 1 },
    { at: 0x3c, size: 1, writable: 0xff },
    { at: 0x3d, size: 1, value: identity.interruptPin ?? 0 },
  );
}

/** An endpoint's header; its BARs come with `declareBar`. */
export function declareType0(config: ConfigSpace, identity: Identity): void {
  declareCommon(config, identity, identity.multiFunction === true ? 0x80 : 0x00);
  config.declare(
    { at: 0x28, size: 4 },
    { at: 0x2c, size: 2, value: identity.subsystemVendorId ?? 0 },
    { at: 0x2e, size: 2, value: identity.subsystemId ?? 0 },
    { at: 0x30, size: 4, announces: Change.bars },
    { at: 0x3e, size: 2 },
  );
}

/** A bridge's header with memory and 64-bit prefetchable windows; it forwards no I/O and has no BARs. */
export function declareType1(config: ConfigSpace, identity: Identity): void {
  declareCommon(config, identity, 0x01);
  const { busNumbers, windows, bridgeControl } = Change;
  config.declare(
    { at: 0x10, size: 4 },
    { at: 0x14, size: 4 },
    { at: 0x18, size: 1, writable: 0xff, announces: busNumbers },
    { at: 0x19, size: 1, writable: 0xff, announces: busNumbers },
    { at: 0x1a, size: 1, writable: 0xff, announces: busNumbers },
    { at: 0x1b, size: 1 },
    { at: 0x1c, size: 2 },
    { at: 0x1e, size: 2, writeOneClears: STATUS_ERRORS },
    { at: 0x20, size: 2, writable: 0xfff0, announces: windows },
    { at: 0x22, size: 2, writable: 0xfff0, announces: windows },
    { at: 0x24, size: 2, value: 1, writable: 0xfff0, announces: windows },
    { at: 0x26, size: 2, value: 1, writable: 0xfff0, announces: windows },
    { at: 0x28, size: 4, writable: 0xffffffff, announces: windows },
    { at: 0x2c, size: 4, writable: 0xffffffff, announces: windows },
    { at: 0x30, size: 4 },
    { at: 0x38, size: 4 },
    { at: 0x3e, size: 2, writable: 0x0043, announces: bridgeControl },
  );
}
