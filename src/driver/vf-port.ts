/** A VF as igbvf drives it (reference §7.3, §7.7, §9.7), through its own 16 KiB. */
import { vf } from '../devices/igb/tables/index.ts';
import { read, write, type DriverMemory, type WaitingBus } from './bus.ts';
import { VfMailbox } from './mailbox.ts';
import { ACCEPTED, CLEAR_TO_SEND, INFO_SHIFT, MAILBOX_DWORDS, Message, REFUSED } from './messages.ts';
import { ReceiveRing, TransmitRing } from './rings.ts';

const POLL_NS = 500_000;
const POLLS = 2000;
const RESET_POLLS = 200;
const ALL_VECTORS = 7;
/** Of an MTU of 1500: addresses, type, tag and FCS. */
const DEFAULT_FRAME = 1522;

/** Vectors as igbvf uses them. */
export const VfVector = { transmit: 0, receive: 1, mailbox: 2 } as const;

export class VfPort {
  readonly mailbox: VfMailbox;
  /** From the PF's answer to RESET; all zero where it gave none. */
  mac: Uint8Array;
  readonly #bus: WaitingBus;
  readonly #memory: DriverMemory;
  #linkUnknown: boolean;

  constructor(bus: WaitingBus, memory: DriverMemory) {
    this.#bus = bus;
    this.#memory = memory;
    this.mailbox = new VfMailbox(bus);
    this.mac = new Uint8Array(6);
    this.#linkUnknown = true;
  }

  /** Resets the VF and greets the PF; false where the PF is not there or did not answer as it should. */
  reset(): boolean {
    write(this.#bus, vf.VTCTRL, vf.VTCTRL.RST.mask);
    let polls = RESET_POLLS;
    while (this.mailbox.takeReset()) {
      if ((polls -= 1) === 0) return false;
    }
    if (!this.post([Message.reset])) return false;
    const answer = this.answer(3);
    if (answer?.[0] === (Message.reset | ACCEPTED) >>> 0) {
      const [, low, high] = answer as [number, number, number];
      this.mac = Uint8Array.of(low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8);
      return true;
    }
    this.mac = new Uint8Array(6);
    return answer?.[0] === (Message.reset | REFUSED);
  }

  /** Posts a message and waits until the PF has read it. */
  post(message: ArrayLike<number>): boolean {
    return this.mailbox.write(message) && this.#poll(() => this.mailbox.takeAcknowledgement());
  }

  /** Waits for a message of the PF and reads `length` dwords of it. */
  answer(length: number): number[] | undefined {
    return this.#poll(() => this.mailbox.takeMessage()) ? this.mailbox.read(length) : undefined;
  }

  /** Posts a message and gives the first dword of the answer; 0 where none came. */
  request(message: ArrayLike<number>): number {
    return this.post(message) ? (this.answer(1)?.[0] ?? 0) : 0;
  }

  /** SET_MULTICAST: always a whole mailbox, two hashes a dword. */
  setMulticast(hashes: readonly number[], count = hashes.length): boolean {
    const message = new Uint32Array(MAILBOX_DWORDS);
    message[0] = Message.setMulticast | (count << INFO_SHIFT);
    hashes.forEach((hash, n) => (message[1 + (n >>> 1)]! |= hash << ((n & 1) * 16)));
    return this.post(message);
  }

  /** SET_MAC_ADDR; the first dword of the answer. */
  setMac(address: Uint8Array, info = 0): number {
    const view = new DataView(Uint8Array.of(...address, 0, 0).buffer);
    return this.request([
      Message.setMacAddress | (info << INFO_SHIFT),
      view.getUint32(0, true),
      view.getUint32(4, true),
    ]);
  }

  /** SET_VLAN; the first dword of the answer. */
  setVlan(vid: number, member: boolean): number {
    return this.request([Message.setVlan | ((member ? 1 : 0) << INFO_SHIFT), vid]);
  }

  setLongestFrame(lengthBytes: number): boolean {
    return this.post([Message.setLongPackets, lengthBytes]);
  }

  /** Both directions of queue 0, in igbvf's order; buffers of 2 KB where nothing else is asked. */
  open(bufferBytes = 2048): { transmit: TransmitRing; receive: ReceiveRing } {
    const place = { bus: this.#bus, memory: this.#memory, registers: vf, queue: 0, bufferBytes };
    this.setMulticast([]);
    this.setVlan(0, true);
    const transmit = new TransmitRing(place);
    this.setLongestFrame(DEFAULT_FRAME);
    const receive = new ReceiveRing(place);
    this.enableInterrupts();
    return { transmit, receive };
  }

  enableInterrupts(): void {
    const valid = 0x80;
    write(this.#bus, vf.VTIVAR0, valid | VfVector.receive | ((valid | VfVector.transmit) << 8));
    write(this.#bus, vf.VTIVAR_MISC, valid | VfVector.mailbox);
    read(this.#bus, vf.VTEICR);
    for (const register of [vf.VTEIAC, vf.VTEIAM, vf.VTEIMS]) write(this.#bus, register, ALL_VECTORS);
  }

  /** What the mailbox vector tells: the link must be looked at again. */
  mailboxInterrupt(): void {
    this.#linkUnknown = true;
    write(this.#bus, vf.VTEIMS, 1 << VfVector.mailbox);
  }

  /** igbvf's view of its link: sticky until a reset or a mailbox interrupt; `reset` where it would reset the VF. */
  checkLink(): 'up' | 'down' | 'reset' {
    if (this.mailbox.takeReset()) this.#linkUnknown = true;
    if (!this.#linkUnknown) return 'up';
    if ((read(this.#bus, vf.STATUS) & vf.STATUS.LU.mask) === 0) return 'down';
    const word = this.mailbox.read(1)?.[0];
    if (word === undefined) return 'down';
    if ((word & CLEAR_TO_SEND) === 0) return (word & REFUSED) === 0 ? 'down' : 'reset';
    this.#linkUnknown = false;
    return 'up';
  }

  #poll(test: () => boolean): boolean {
    for (let polls = 0; polls < POLLS; polls += 1) {
      if (test()) return true;
      this.#bus.wait(POLL_NS);
    }
    return false;
  }
}
