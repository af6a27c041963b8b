import { SENT_INTX, SENT_MSI, SENT_ROW } from '../../devices/igb/interrupts/interrupt-messages.ts';
import { PF_VECTORS } from '../../devices/igb/sizes.ts';
import type { AssembledNic } from '../assembled-nic.ts';
import { functionNames, partsOf } from '../functions.ts';

/** Interrupts of one function. */
export interface InterruptStatus {
  readonly number: number;
  /** What its driver has turned on. */
  readonly mode: 'MSI-X' | 'MSI' | 'INTx';
  /** Sent since the NIC started, by MSI-X vector; a VF has fewer, and the rest is 0. */
  readonly msix: readonly number[];
  readonly msi: number;
  readonly intx: number;
}

export function interruptStatus(nic: AssembledNic, { port: place }: { readonly port: number }): InterruptStatus[] {
  const { port } = partsOf(nic, place);
  const { sent } = port.blocks.interrupts.messages;
  return functionNames.map((_, number) => {
    const { msixEnabled, msiEnabled } = port.context.interruptPorts[number]!;
    const row = number * SENT_ROW;
    return {
      number,
      mode: msixEnabled ? 'MSI-X' : msiEnabled ? 'MSI' : 'INTx',
      msix: [...sent.subarray(row, row + PF_VECTORS)],
      msi: sent[row + SENT_MSI]!,
      intx: sent[row + SENT_INTX]!,
    };
  });
}
