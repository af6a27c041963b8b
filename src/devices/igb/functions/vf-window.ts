/**
 * BAR0 of a VF (reference §1.4): 16 KiB, of which a table maps some onto registers of the port. Everything else reads 0 and
 * takes no write, which is what keeps a VF to its own. Registers of the whole port, such as FRTIMER, are read-only here.
 */
import type { PortContext } from '../context.ts';
import type { Link } from '../link/link.ts';
import { pf, vf, vfMap, vfSpecs, vfWindowBytes } from '../tables/index.ts';
import type { VfInterrupts } from '../interrupts/vf-interrupts.ts';
import type { VfResources } from './vf-resources.ts';

/** The port's register window. */
export interface PortWindow {
  read(offset: number): number;
  write(offset: number, value: number): void;
  peek(offset: number): number;
}

export interface VfWindowParts {
  readonly port: PortWindow;
  readonly link: Pick<Link, 'readStatus'>;
  readonly vfInterrupts: VfInterrupts;
  readonly vfResources: VfResources;
}

/** What an access does; 0 where there is nothing. The first group is there whether or not the VF is live. */
const kind = {
  control: 1,
  status: 2,
  mailbox: 3,
  message: 4,
  shared: 5,
  mapped: 6,
  vectors: 7,
  vtivar: 8,
  misc: 9,
  pbacl: 10,
};
const ALWAYS = kind.shared;

const kinds = new Uint8Array(vfWindowBytes / 4);
/** Offset in the port's window for VF 0, and what a VF's number adds. */
const targets = new Uint32Array(vfWindowBytes / 4);
const strides = new Int32Array(vfWindowBytes / 4);

const special: Readonly<Record<string, number>> = {
  VTCTRL: kind.control,
  STATUS: kind.status,
  V2PMAILBOX: kind.mailbox,
  VMBMEM: kind.message,
  VTIVAR0: kind.vtivar,
  VTIVAR_MISC: kind.misc,
  PBACL: kind.pbacl,
};

for (const name of Object.keys(vfSpecs) as (keyof typeof vfSpecs)[]) {
  const map = vfMap[name];
  const register = vf[name];
  for (let element = 0; element < register.count; element += 1) {
    const dword = register.index + element * register.step;
    kinds[dword] = special[name] ?? (map?.perVf === 0 ? kind.shared : kind.mapped);
    targets[dword] = (map?.pf ?? 0) + element * (map?.perElement ?? 0);
    strides[dword] = map?.perVf ?? 0;
  }
}
// VTCTRL has a second address.
kinds[vf.VTCTRL.index + 1] = kind.control;

/** Bits of STATUS that a VF does not see: how many VFs there are. */
const HIDDEN_STATUS = pf.STATUS.NUM_VFS.mask;
/** A link that VFLINK holds: up, 1000 Mb/s, full duplex. */
const HELD_STATUS = pf.STATUS.LU.mask | pf.STATUS.FD.mask | (2 << pf.STATUS.SPEED.shift);

export class VfWindow {
  private readonly number: number;
  private readonly context: PortContext;
  private readonly parts: VfWindowParts;

  /** `number`: which VF this is. */
  constructor(number: number, context: PortContext, parts: VfWindowParts) {
    this.number = number;
    this.context = context;
    this.parts = parts;
  }

  /** A dword read as software makes it, side effects included; any offset in the window. */
  read(offset: number): number {
    const dword = (offset & (vfWindowBytes - 4)) >>> 2;
    const access = this.kindOf(dword);
    const value = this.readRegister(access, dword);
    const { events } = this.context;
    if (access === 0) this.trace(events.igb_vf_read_nothing, dword << 2, 0);
    else this.trace(events.igb_vf_reg_read, dword << 2, value);
    return value;
  }

  private readRegister(access: number, dword: number): number {
    const { parts, number } = this;
    switch (access) {
      case kind.status:
        return this.readStatus();
      case kind.mailbox:
      case kind.message:
      case kind.shared:
      case kind.mapped:
        return parts.port.read(targets[dword]! + number * strides[dword]!);
      case kind.vtivar:
        return parts.vfInterrupts.readVtivar(number);
      case kind.misc:
        return parts.vfInterrupts.readVtivarMisc(number);
      default:
        return 0;
    }
  }

  /** A dword write as software makes it. */
  write(offset: number, value: number): void {
    const dword = (offset & (vfWindowBytes - 4)) >>> 2;
    const { parts, number } = this;
    const { events } = this.context;
    const access = this.kindOf(dword);
    this.trace(access === 0 ? events.igb_vf_write_nothing : events.igb_vf_reg_write, dword << 2, value);
    switch (access) {
      case kind.control:
        if ((value & vf.VTCTRL.RST.mask) !== 0) parts.vfResources.reset(number, 'software');
        return;
      case kind.mailbox:
      case kind.message:
      case kind.mapped:
        parts.port.write(targets[dword]! + number * strides[dword]!, value);
        return;
      case kind.vtivar:
        parts.vfInterrupts.writeVtivar(number, value);
        return;
      case kind.misc:
        parts.vfInterrupts.writeVtivarMisc(number, value);
        return;
      case kind.pbacl:
        parts.vfInterrupts.clearPending(number, value);
    }
  }

  /** What `read` would give, without any effect. */
  peek(offset: number): number {
    const dword = (offset & (vfWindowBytes - 4)) >>> 2;
    const access = this.kindOf(dword);
    if (access === kind.mailbox || access === kind.message || access === kind.shared || access === kind.mapped) {
      return this.parts.port.peek(targets[dword]! + this.number * strides[dword]!);
    }
    if (access === kind.status) return this.readStatus();
    if (access === kind.vtivar) return this.parts.vfInterrupts.readVtivar(this.number);
    return access === kind.misc ? this.parts.vfInterrupts.readVtivarMisc(this.number) : 0;
  }

  /** A VF that is not live has its mailbox, so that its driver learns that there is no PF for it, and nothing that works. */
  private kindOf(dword: number): number {
    const access = kinds[dword]!;
    return access <= ALWAYS || this.parts.vfResources.live[this.number] === 1 ? access : 0;
  }

  /** STATUS of the port; VFLINK holds LU whatever the wire does. */
  private readStatus(): number {
    const status = this.parts.link.readStatus() & ~HIDDEN_STATUS;
    const held = (this.context.registers.values[pf.VFLINK.index]! >>> this.number) & 1;
    if (held === 0 || (status & pf.STATUS.LU.mask) !== 0) return status >>> 0;
    return ((status & ~pf.STATUS.SPEED.mask) | HELD_STATUS) >>> 0;
  }

  private trace(event: number, offset: number, value: number): void {
    const { trace } = this.context;
    if (trace.on[event] !== 0) trace.emit(event, this.number, offset, value >>> 0);
  }
}
