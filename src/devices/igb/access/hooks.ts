/**
 * The side effects of registers as small numbers that a `switch` runs on. A name that the tables use and this file does not
 * have fails to compile, and so does a `switch` that leaves one out.
 */
import { pfHooks, pfPlan, type PfReadHook, type PfWriteHook } from '../tables/index.ts';

/** Side effects of reads; 0 is none. Those of the interrupt path come first. */
export const onRead = {
  icr: 1,
  eicr: 2,
  ics: 3,
  eics: 4,
  imc: 5,
  eimc: 6,
  status: 7,
  swsm: 8,
  swfwsync: 9,
  frtimer: 10,
  systiml: 11,
  systimh: 12,
  txstmph: 13,
  rxstmph: 14,
  rxsatrh: 15,
  gorch: 16,
  gotch: 17,
  torh: 18,
  toth: 19,
  hgorch: 20,
  hgotch: 21,
  v2pmailbox: 22,
  wvbr: 23,
  pvtstatus: 24,
  pvteics: 25,
  pvteims: 26,
  pvteimc: 27,
  pvteiac: 28,
  pvteiam: 29,
  pvteicr: 30,
  pcslstat: 31,
  pcslpab: 32,
  wuc: 33,
  ctrl: 34,
  ctrlext: 35,
  auxstmph: 36,
  factps: 37,
  fla: 38,
} as const satisfies Record<PfReadHook, number>;

/** Side effects of writes; 0 is none. Tails come first. */
export const onWrite = {
  tdt: 1,
  rdt: 2,
  eims: 3,
  ims: 4,
  imc: 5,
  eimc: 6,
  eitr: 7,
  icr: 8,
  eicr: 9,
  ics: 10,
  eics: 11,
  eiac: 12,
  eiam: 13,
  iam: 14,
  gpie: 15,
  pbaclr: 16,
  ctrl: 17,
  ctrlext: 18,
  status: 19,
  eecd: 20,
  eerd: 21,
  mdic: 22,
  i2ccmd: 23,
  swsm: 24,
  swfwsync: 25,
  rctl: 26,
  tctl: 27,
  rxdctl: 28,
  txdctl: 29,
  vfre: 30,
  vfte: 31,
  systiml: 32,
  systimh: 33,
  timinca: 34,
  timadjh: 35,
  tsynctxctl: 36,
  tsyncrxctl: 37,
  p2vmailbox: 38,
  v2pmailbox: 39,
  mbvficr: 40,
  vflre: 41,
  pvtctrl: 42,
  pvteics: 43,
  pvteims: 44,
  pvteimc: 45,
  pvteiac: 46,
  pvteiam: 47,
  pvteicr: 48,
  wuc: 49,
  rttdqsel: 51,
  rttbcnrc: 52,
  mbvfimr: 53,
  eewr: 54,
  pcscfg0: 55,
  pcslctl: 56,
  sctl: 57,
  ledctl: 58,
  srrctl: 59,
  qde: 60,
  mrqc: 61,
  tcptimer: 70,
  tsauxc: 71,
  trgttiml: 72,
  trgttimh: 73,
  freqout: 74,
  fla: 75,
} as const satisfies Record<PfWriteHook, number>;

export type ReadAction = 0 | (typeof onRead)[PfReadHook];
export type WriteAction = 0 | (typeof onWrite)[PfWriteHook];

const renumber = (planned: Uint8Array, numbers: Readonly<Partial<Record<string, number>>>): Uint8Array =>
  planned.map((hook) => (hook === 0 ? 0 : numbers[pfHooks[hook - 1]!]!));

/** What a read or write of each dword does besides. */
export const readActions = renumber(pfPlan.readHook, onRead);
export const writeActions = renumber(pfPlan.writeHook, onWrite);

/** Dwords that no write changes, declared ones only. */
export const readOnly = pfPlan.register.map((register, dword) => {
  const takes = pfPlan.writable[dword]! | pfPlan.writeOneClears[dword]! | pfPlan.writeOneSets[dword]!;
  return register !== 0 && takes === 0 && pfPlan.writeHook[dword] === 0 ? 1 : 0;
});

/** Writes that change nothing about how packets are handled: tails, causes and masks of interrupts, mailboxes. */
const BESIDE_THE_PATH: ReadonlySet<number> = new Set([
  onWrite.tdt,
  onWrite.rdt,
  onWrite.eims,
  onWrite.ims,
  onWrite.imc,
  onWrite.eimc,
  onWrite.eitr,
  onWrite.icr,
  onWrite.eicr,
  onWrite.ics,
  onWrite.eics,
  onWrite.eiac,
  onWrite.eiam,
  onWrite.iam,
  onWrite.p2vmailbox,
  onWrite.v2pmailbox,
  onWrite.mbvficr,
  onWrite.pvteics,
  onWrite.pvteims,
  onWrite.pvteimc,
  onWrite.pvteiac,
  onWrite.pvteiam,
  onWrite.pvteicr,
]);

/** Dwords whose writes may change how packets are handled, by what is in no other register. */
export const steering = writeActions.map((action) => (BESIDE_THE_PATH.has(action) ? 0 : 1));

/** For the default of a `switch` over actions: the compiler proves that each has its case. */
export function unhandled(action: never): number {
  void action;
  return 0;
}
