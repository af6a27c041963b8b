/** What a ptp4l that is told to summarise nothing says of each measurement, and what to make of many. */

export interface Measurement {
  readonly seconds: number;
  /** The client's clock less the server's; far apart before the first step, so that a number does not hold it. */
  readonly offsetNs: bigint;
  /** The servo has locked. */
  readonly locked: boolean;
  /** What the servo sets the client's clock to, in parts per billion. */
  readonly frequencyPpb: number;
  readonly delayNs: number;
}

const line =
  /^ptp4l\[(\d+\.\d+)\]: (?:port \d+[^:]*: )?master offset +(-?\d+) s(\d) freq +([+-]?\d+) path delay +(-?\d+)/gm;

export function measurements(log: string): Measurement[] {
  return [...log.matchAll(line)].map(([, at, offset, state, frequency, delay]) => ({
    seconds: Number(at),
    offsetNs: BigInt(offset!),
    locked: Number(state) >= 2,
    frequencyPpb: Number(frequency),
    delayNs: Number(delay),
  }));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const rms = (values: readonly number[]): number => Math.sqrt(mean(values.map((value) => value ** 2)));
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >>> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export interface Following {
  /** Half of the offsets are within this: a stamp that a busy host made late moves it no further than any other. */
  readonly medianNs: number;
  readonly rmsNs: number;
  readonly ppb: number;
  readonly delayNs: number;
}

/** How a client follows, by its last measurements, so many; undefined while there are fewer since its servo has locked. */
export function following(log: string, count: number): Following | undefined {
  const last = measurements(log).slice(-count);
  if (last.length < count || last.some(({ locked }) => !locked)) return undefined;
  const offsets = last.map(({ offsetNs }) => Number(offsetNs));
  return {
    medianNs: median(offsets.map(Math.abs)),
    rmsNs: rms(offsets),
    // The servo tells by how much the client would be fast, and sets the opposite.
    ppb: -median(last.map(({ frequencyPpb }) => frequencyPpb)),
    delayNs: median(last.map(({ delayNs }) => delayNs)),
  };
}

/** How the server's clock runs beside that of a client which only measures. */
export interface Line {
  /** The server's clock is so much faster. */
  readonly ppb: number;
  /** How far the offsets are from a line with that slope. */
  readonly rmsNs: number;
  readonly delayNs: number;
}

/** The line through the last measurements, so many; undefined while there are fewer. */
export function lineOf(log: string, count: number): Line | undefined {
  const last = measurements(log).slice(-count);
  const [first] = last;
  if (first === undefined || last.length < count) return undefined;
  const x = last.map(({ seconds }) => seconds - first.seconds);
  const y = last.map(({ offsetNs }) => Number(first.offsetNs - offsetNs));
  const [x0, y0] = [mean(x), mean(y)];
  const ppb = mean(x.map((at, n) => (at - x0) * (y[n]! - y0))) / mean(x.map((at) => (at - x0) ** 2));
  const beside = x.map((at, n) => y[n]! - y0 - ppb * (at - x0));
  return { ppb, rmsNs: rms(beside), delayNs: median(last.map(({ delayNs }) => delayNs)) };
}
