import { LabError } from '../../errors.ts';
import { missingAnswers, pingSummary } from '../../scene.ts';

export interface Judgement {
  readonly ok: boolean;
  readonly detail: string;
}

/** Whether each of the first `count` pings has one answer; undefined where ping was not run to its end. */
export function judgePing(text: string | undefined, count: number): Judgement {
  if (text === undefined) return { ok: false, detail: 'ping did not end' };
  try {
    const lost = missingAnswers(text, count);
    const { meanMs } = pingSummary(text);
    if (lost > 0) return { ok: false, detail: `${lost} of ${count} pings unanswered` };
    if (text.includes('DUP!')) return { ok: false, detail: 'pings are answered twice' };
    return { ok: true, detail: `${meanMs} ms` };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return { ok: false, detail: error.message };
  }
}

/** What a transfer said: the receiver's hash and the time that it took. */
export function judgeTcp(text: string | undefined, wanted: string | undefined, bytes: number): Judgement {
  const got = /^([0-9a-f]{64}) /m.exec(text ?? '')?.[1];
  const hundredths = Number(/^hundredths (\d+)/m.exec(text ?? '')?.[1] ?? 0);
  if (got === undefined) {
    const said = (text ?? '').split('\n').find((line) => line !== '' && !line.startsWith('hundredths'));
    return { ok: false, detail: `TCP: ${said?.replace(/^.*socat\[\d+\] \w /, '') ?? 'no answer'}` };
  }
  if (got !== wanted) return { ok: false, detail: 'TCP: SHA-256 differs' };
  return { ok: true, detail: `${Math.round((bytes * 8) / Math.max(hundredths, 1) / 1e4)} Mb/s` };
}
