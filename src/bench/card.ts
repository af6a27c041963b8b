/** An 82576 behind a root port, brought up over QTest by the same accesses whoever plays the machine. */
import { pf } from '../devices/igb/tables/index.ts';
import {
  AddressSupply,
  enablePools,
  enableVirtualFunctions,
  initialisePort,
  openBridge,
  PciDevice,
  placeBars,
  POOLS,
  setAddress,
  setPoolEnabled,
  startPort,
  update,
  write,
} from '../driver/index.ts';
import { QTestMemory, QTestPciConfig, QTestRegisters, type QTestTransport } from '../qtest/client/index.ts';

/** The machine that every case has; netdevs come on top. */
export const machineWords = [
  ...['-machine', 'q35', '-nodefaults', '-m', '512M', '-device', 'pcie-root-port,id=rp0,addr=4,chassis=1'],
] as const;

const BARS = 0xe000_0000;
const PORT = 4 << 3;
const CARD = 1 << 8;
const VF_BAR_BYTES = 0x4000;
const EXPRESS = 0x10;
const DEVICE_CONTROL_2 = 0x28;
const ARI_FORWARDING = 0x20;
const SRIOV = 0x160;
const ARI_HIERARCHY = 0x10;
const COMMAND = 4;
const MEMORY_AND_MASTER = 6;
/** PHY 1, register 0: QEMU's does not begin by itself. */
const NEGOTIATE_AGAIN = 0x0420_1200;
/** Autonegotiation is over by then. */
const LINK_NS = 3e9;
/** The least that QEMU's b64write does not choke on, and ours takes as one line. */
const PIECE_BYTES = 0xc000;
/** Broadcast, untagged frames, long frames, no FCS: as Linux sets up a VF. */
const VMOLR_OF_A_VF = pf.VMOLR.BAM.mask | pf.VMOLR.AUPE.mask | pf.VMOLR.LPE.mask | pf.VMOLR.STRCRC.mask | 0x2600;
const FIRST_BUFFER = 0x100_0000;

/** The address of a pool's VF. */
export const poolAddress = (pool: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 1, pool);

export class BenchCard {
  readonly transport: QTestTransport;
  readonly memory: QTestMemory;
  readonly bus: QTestRegisters;
  /** Where the registers are, for commands that are made beforehand. */
  readonly base: number;
  readonly #card: PciDevice;
  readonly #config: QTestPciConfig;
  #next: number;

  constructor(transport: QTestTransport) {
    this.transport = transport;
    this.memory = new QTestMemory(transport);
    this.#next = FIRST_BUFFER;
    const config = new QTestPciConfig(transport);
    config.openWindow();
    const port = new PciDevice(config, PORT);
    const supply = new AddressSupply(BARS);
    const card = new PciDevice(config, CARD);
    openBridge(port, 1, supply, () => {
      placeBars(card, supply);
      const windows = supply.take(POOLS * VF_BAR_BYTES * 2);
      const control = port.findCapability(EXPRESS) + DEVICE_CONTROL_2;
      port.configWrite(control, 2, port.configRead(control, 2) | ARI_FORWARDING);
      card.configWrite(SRIOV + 8, 2, ARI_HIERARCHY);
      card.configWrite(SRIOV + 0x24, 4, windows);
      card.configWrite(SRIOV + 0x30, 4, windows + POOLS * VF_BAR_BYTES);
    });
    this.base = card.barAddress(0);
    this.bus = new QTestRegisters(this.memory, this.base);
    initialisePort(this.bus);
    write(this.bus, pf.MDIC, NEGOTIATE_AGAIN);
    this.bus.wait(LINK_NS);
    startPort(this.bus);
    write(this.bus, pf.IMC, 0xffff_ffff);
    write(this.bus, pf.EIMC, 0xffff_ffff);
    this.#card = card;
    this.#config = config;
  }

  /** Eight VFs that may do DMA, and a pool for each with its address; broadcast goes to all of them. */
  enableVirtualFunctions(): void {
    enableVirtualFunctions(this.#card, POOLS);
    const first = this.#card.configRead(SRIOV + 0x14, 2);
    const stride = this.#card.configRead(SRIOV + 0x16, 2);
    enablePools(this.bus);
    update(this.bus, pf.RCTL, pf.RCTL.VFE.mask, 0);
    for (let pool = 0; pool < POOLS; pool += 1) {
      const vf = new PciDevice(this.#config, CARD + first + pool * stride);
      vf.configWrite(COMMAND, 2, MEMORY_AND_MASTER);
      setAddress(this.bus, pool + 1, poolAddress(pool), 1 << pool);
      write(this.bus, pf.VMOLR, VMOLR_OF_A_VF, pool);
      setPoolEnabled(this.bus, pool, true);
    }
  }

  /** Memory of its own, a multiple of a page. */
  allocate(lengthBytes: number): number {
    const address = this.#next;
    this.#next += Math.ceil(lengthBytes / 4096) * 4096;
    return address;
  }

  /** Commands that write bytes to memory. */
  writing(address: number, bytes: Uint8Array): string[] {
    const commands: string[] = [];
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(PIECE_BYTES, bytes.length - at));
      commands.push(
        `b64write 0x${(address + at).toString(16)} 0x${piece.length.toString(16)} ${piece.toString('base64')}`,
      );
    }
    return commands;
  }

  /** Does commands, none of which may be refused; the answers without "OK". */
  do(commands: readonly string[]): string[] {
    return this.transport.askAll(commands).map((answer, n) => {
      if (!answer.startsWith('OK')) throw new Error(`${commands[n]!.slice(0, 60)}: ${answer}`);
      return answer.slice(3);
    });
  }

  /** Command that writes a register. */
  put(register: { readonly at: number; readonly step: number }, value: number, element = 0): string {
    return `writel 0x${(this.base + register.at + element * register.step * 4).toString(16)} 0x${value.toString(16)}`;
  }

  /** Command that reads a register. */
  get(register: { readonly at: number; readonly step: number }, element = 0): string {
    return `readl 0x${(this.base + register.at + element * register.step * 4).toString(16)}`;
  }
}
