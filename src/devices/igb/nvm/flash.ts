/** A port's ways to the flash (reference §8.3): the pins of FLA, and writes through BAR1 and the I/O window while EECD.FWE lets them. */
import type { IgbChip } from '../chip.ts';
import type { PortContext } from '../context.ts';
import { FlashMemory } from './flash-memory.ts';
import type { BusUser, SerialBus } from './serial-bus.ts';
import { pf } from '../tables/index.ts';

const { EECD, FLA } = pf;
/** EECD.FWE. */
const ERASE = 0;
const WRITES_ENABLED = 2;

export class Flash implements BusUser {
  private readonly context: PortContext;
  private readonly memory: FlashMemory;
  private readonly bus: SerialBus;

  constructor(context: PortContext, chip: IgbChip) {
    this.context = context;
    chip.flash ??= new FlashMemory(context.clock, chip.flashContents);
    this.memory = chip.flash;
    this.bus = chip.flashBus;
  }

  readFla(): number {
    const fla = this.context.registers.values[FLA.index]!;
    return (this.memory.busy ? fla | FLA.FL_BUSY.mask : fla) >>> 0;
  }

  /** `value` is what software wrote; GNT follows REQ unless another port has the bus. Without it the pins are not driven. */
  writeFla(value: number): void {
    const { values } = this.context.registers;
    const held = this.bus.holds(this);
    const asks = (value & FLA.FL_REQ.mask) !== 0;
    const granted = asks && this.bus.acquire(this);
    let fla = values[FLA.index]! & ~(FLA.FL_GNT.mask | FLA.FL_SO.mask);
    if (granted) fla |= FLA.FL_GNT.mask;
    if (granted || held) {
      const selected = granted && (value & FLA.FL_CE.mask) === 0;
      const level = this.memory.pins(selected, (value & FLA.FL_SCK.mask) !== 0, (value & FLA.FL_SI.mask) !== 0);
      if (level) fla |= FLA.FL_SO.mask;
    }
    values[FLA.index] = fla;
    if (!asks) this.bus.release(this);
    if ((value & FLA.FL_ER.mask) !== 0 && this.writeMode() === ERASE) this.memory.eraseAll();
  }

  /** A write in BAR1, byte by byte; lost unless EECD.FWE is 2. */
  write(offset: number, size: number, value: number): void {
    const { trace, events } = this.context;
    const enabled = this.writeMode() === WRITES_ENABLED;
    const event = enabled ? events.igb_flash_write : events.igb_guest_error_flash;
    if (trace.on[event] !== 0) trace.emit(event, offset, size, value);
    if (!enabled) return;
    for (let lane = 0; lane < size; lane += 1) this.memory.program(offset + lane, (value >>> (8 * lane)) & 0xff);
  }

  /** The other port gave the bus back while we ask for it. */
  granted(): void {
    this.context.registers.values[FLA.index]! |= FLA.FL_GNT.mask;
  }

  /** A reset takes the bus from software; a command under way ends there. */
  reset(): void {
    if (this.bus.holds(this)) this.memory.pins(false, false, false);
    this.bus.release(this);
  }

  private writeMode(): number {
    return (this.context.registers.values[EECD.index]! & EECD.FWE.mask) >>> EECD.FWE.shift;
  }
}
