/** Interrupts: how each function sends them, how many it sent, what is pending. */
import { firstVector } from '../../devices/igb/interrupts/vf-interrupts.ts';
import { nameOfFunction, pfNames } from '../../nic/functions.ts';
import { type MonitorModule, query } from '../context.ts';
import { ofPort, portOnly } from '../function-argument.ts';
import { pf, type RegisterView, viewOf } from '../register-view.ts';
import type { Style } from '../style.ts';

interface VectorStatus {
  readonly function: string;
  /** `MSI`, `INTx`, or the number of an MSI-X vector. */
  readonly vector: string;
  readonly sent: number;
  /** Bits of EICR and EIMS for it; undefined where it has none. */
  readonly cause?: boolean;
  readonly enabled?: boolean;
  /** Least time between two, in µs. */
  readonly intervalUs?: number;
  /** What IVAR has it tell of. */
  readonly sources: readonly string[];
}

interface IrqStatus {
  readonly modes: Readonly<Record<string, string>>;
  readonly vectors: readonly VectorStatus[];
  /** ICR and IMS in words of their fields. */
  readonly causes: { readonly ICR: number; readonly IMS: number };
}

const VALID = 0x80;

/** What the PF's vectors tell of, by vector, as IVAR says. */
function sources(view: RegisterView): Map<number, string[]> {
  const found = new Map<number, string[]>();
  const add = (byte: number, name: string): void => {
    if ((byte & VALID) === 0) return;
    const vector = byte & 0x1f;
    found.set(vector, [...(found.get(vector) ?? []), name]);
  };
  for (let n = 0; n < pf.IVAR.count; n += 1) {
    const ivar = view.get(pf.IVAR, n);
    add(ivar & 0xff, `rx${n}`);
    add((ivar >>> 8) & 0xff, `tx${n}`);
    add((ivar >>> 16) & 0xff, `rx${n + 8}`);
    add(ivar >>> 24, `tx${n + 8}`);
  }
  const misc = view.get(pf.IVAR_MISC);
  add(misc & 0xff, 'timer');
  add((misc >>> 8) & 0xff, 'other');
  return found;
}

/** Number, among the port's, of a function's vector. */
const portVector = (number: number, vector: number): number =>
  number === 0 ? vector : firstVector(number - 1) + vector;

export const interrupts: MonitorModule = {
  queries: [
    query({
      name: 'irq',
      doc: 'interrupts of each function: sent so far, pending, enabled, throttled, and what they tell of',
      usage: '[pf|pf1]',
      schema: ofPort,
      parse: portOnly,
      fetch: async (context, { port }): Promise<IrqStatus> => {
        const [functions, view] = await Promise.all([
          context.nic.request('interruptStatus', { port }),
          viewOf(context, [pf.EICR, pf.EIMS, pf.EITR, pf.IVAR, pf.IVAR_MISC, pf.ICR, pf.IMS], port),
        ]);
        const byVector = sources(view);
        const vectors = functions.flatMap(({ number, mode, msix, msi, intx }): VectorStatus[] => {
          const name = nameOfFunction({ port, number });
          const rows = msix.flatMap((sent, vector): VectorStatus[] => {
            const n = portVector(number, vector);
            const enabled = ((view.get(pf.EIMS) >>> n) & 1) !== 0;
            if (sent === 0 && !(mode === 'MSI-X' && enabled)) return [];
            return [
              {
                function: name,
                vector: String(vector),
                sent,
                enabled,
                cause: ((view.get(pf.EICR) >>> n) & 1) !== 0,
                intervalUs: view.field(pf.EITR, pf.EITR.INTERVAL, n),
                sources: byVector.get(n) ?? [],
              },
            ];
          });
          if (msi > 0 || mode === 'MSI') rows.push({ function: name, vector: 'MSI', sent: msi, sources: [] });
          if (intx > 0) rows.push({ function: name, vector: 'INTx', sent: intx, sources: [] });
          return rows;
        });
        const modes = Object.fromEntries(functions.map(({ number, mode }) => [nameOfFunction({ port, number }), mode]));
        return { modes, vectors, causes: { ICR: view.get(pf.ICR), IMS: view.get(pf.IMS) } };
      },
      render: ({ vectors, causes, modes }: IrqStatus, style: Style): string => {
        const name = pfNames.find((known) => modes[known] !== undefined)!;
        const head = `${name} uses ${modes[name]}; ICR 0x${causes.ICR.toString(16)}, IMS 0x${causes.IMS.toString(16)}`;
        const yes = (flag: boolean | undefined): string => (flag === undefined ? '' : flag ? 'yes' : 'no');
        const rows = vectors.map((row) => [
          row.function,
          row.vector,
          String(row.sent),
          yes(row.cause),
          yes(row.enabled),
          row.intervalUs === undefined ? '' : String(row.intervalUs),
          row.sources.join(' '),
        ]);
        if (rows.length === 0) return `${head}\nno interrupt was sent`;
        return `${head}\n${style.table(['function', 'vector', 'sent', 'pending', 'enabled', 'µs', 'tells of'], rows)}`;
      },
    }),
  ],
};
