/** Descriptors in words (reference §3): what software offers, or what the device has written back. */
import { hex } from '../registers/index.ts';

const address = (low: number, high: number): string => `0x${(high * 2 ** 32 + low).toString(16)}`;

function flags(names: Readonly<Record<string, number>>, word: number): string[] {
  return Object.entries(names).flatMap(([name, mask]) => ((word & mask) === 0 ? [] : [name]));
}

const receiveStatus = {
  EOP: 2,
  IXSM: 4,
  VP: 8,
  UDPCS: 0x10,
  L4CS: 0x20,
  IPCS: 0x40,
  IPIDV: 0x200,
  UDPV: 0x400,
  DYNINT: 0x800,
  TS: 0x1_0000,
  LB: 0x4_0000,
  HBO: 0x80_0000,
  L4E: 0x2000_0000,
  IPE: 0x4000_0000,
  RXE: 0x8000_0000,
};
const legacyErrors = { CE: 1, SE: 2, SEQ: 4, CXE: 0x10, TCPE: 0x20, IPE: 0x40, RXE: 0x80 };
const packetTypes = { IPV4: 0x10, IPV4E: 0x20, IPV6: 0x40, IPV6E: 0x80, TCP: 0x100, UDP: 0x200, SCTP: 0x400 };

/** `done`: the device has gone over it. */
export function describeReceive(words: Uint32Array, legacy: boolean, done: boolean): string {
  const [w0, w1, w2, w3] = words as unknown as [number, number, number, number];
  if (legacy) return legacyReceive(w0, w1, w2, w3);
  if (!done || (w2 & 1) === 0) return `buffer ${address(w0, w1)} header ${address(w2, w3)}`;
  const parts = ['DD', ...flags(receiveStatus, w2), `length ${w3 & 0xffff}`, ...flags(packetTypes, w0)];
  if ((w0 & 0xf) !== 0) parts.push(`RSS type ${w0 & 0xf} hash ${hex(w1)}`);
  if ((w2 & receiveStatus.VP) !== 0) parts.push(`VLAN ${(w3 >>> 16) & 0xfff}`);
  return parts.join(' ');
}

function legacyReceive(w0: number, w1: number, w2: number, w3: number): string {
  const parts = [`buffer ${address(w0, w1)}`];
  if ((w3 & 1) === 0) return parts[0]!;
  parts.push(
    'DD',
    ...flags(receiveStatus, w3 & 0xff),
    ...flags(legacyErrors, (w3 >>> 8) & 0xff),
    `length ${w2 & 0xffff}`,
  );
  if ((w3 & receiveStatus.VP) !== 0) parts.push(`VLAN ${(w3 >>> 16) & 0xfff}`);
  return parts.join(' ');
}

const commands = { EOP: 1 << 24, IFCS: 1 << 25, RS: 1 << 27, VLE: 1 << 30, TSE: 1 << 31 };
const layer4 = ['UDP', 'TCP', 'SCTP', 'reserved'];

export function describeTransmit(words: Uint32Array): string {
  const [w0, w1, w2, w3] = words as unknown as [number, number, number, number];
  if ((w0 | w1 | w2 | w3) === 0) return 'empty';
  const done = (w3 & 1) === 0 ? [] : ['DD'];
  if ((w2 & (1 << 29)) === 0) {
    const insert = (w2 & (1 << 26)) === 0 ? [] : [`IC at ${w3 >>> 16 === 0 ? 0 : (w2 >>> 16) & 0xff}`];
    return [
      'legacy',
      ...done,
      `buffer ${address(w0, w1)} length ${w2 & 0xffff}`,
      ...flags(commands, w2),
      ...insert,
    ].join(' ');
  }
  const type = (w2 >>> 20) & 0xf;
  if (type === 2) {
    const lengths = `MACLEN ${(w0 >>> 9) & 0x7f} IPLEN ${w0 & 0x1ff} L4LEN ${(w3 >>> 8) & 0xff} MSS ${w3 >>> 16}`;
    return `context ${(w3 >>> 4) & 7}: ${layer4[(w2 >>> 11) & 3]} ${lengths} VLAN ${w0 >>> 16}`;
  }
  if (type !== 3) return `type ${type}: ${[w0, w1, w2, w3].map((word) => hex(word)).join(' ')}`;
  const options = flags({ IXSM: 1 << 8, TXSM: 1 << 9 }, w3);
  // A write-back leaves nothing but DD of this dword.
  const payload = done.length > 0 ? [] : [...options, `PAYLEN ${w3 >>> 14} context ${(w3 >>> 4) & 7}`];
  return ['data', ...done, `buffer ${address(w0, w1)} length ${w2 & 0xffff}`, ...flags(commands, w2), ...payload].join(
    ' ',
  );
}
