/** The captures of a running NIC: QEMU's `filter-dump` objects. Main thread; the device thread knows their rings only. */
import { CaptureFile } from '../capture/capture-file.ts';
import { PcapFormat, PcapngFormat } from '../capture/capture-format.ts';
import { DASH, FileOutput } from '../capture/capture-output.ts';
import { pointNames, points, PORT_POINTS } from '../capture/points.ts';
import { makeCaptureMemory, releaseCaptureMemory, type CaptureMemory } from '../capture/capture-memory.ts';
import { CaptureReader } from '../capture/capture-reader.ts';
import { NicError } from './errors.ts';
import { type FilterDumpOptions, placeFilterDump } from './filter-dump-options.ts';

/** What captures need of the device thread. */
export interface CaptureSwitch {
  /** Ids of the netdevs that the NIC is plugged into, by port. */
  netdevs(): Promise<readonly (string | undefined)[]>;
  /** Frames go to a capture from now on. */
  add(memory: CaptureMemory): Promise<void>;
  remove(id: string): Promise<void>;
}

const { wire } = points;

interface Capture {
  readonly options: FilterDumpOptions;
  readonly memory: CaptureMemory;
  readonly reader: CaptureReader;
  readonly file: CaptureFile;
  status: boolean;
  failure: string | undefined;
}

/** A capture as lists and metrics show it. */
export interface CaptureState {
  readonly id: string;
  readonly file: string;
  readonly format: string;
  readonly status: 'on' | 'off';
  /** Why it has ended by itself. */
  readonly failure?: string;
  /** Frames that passed, and those of them that were lost because they came faster than they could be written. */
  readonly points: readonly { readonly name: string; readonly seen: number; readonly lost: number }[];
}

/** Names of a capture's points: the wire's is its netdev's. */
function namesOf({ points, netdev }: FilterDumpOptions): string[] {
  return points.map((point) =>
    point % PORT_POINTS === wire && netdev !== undefined ? netdev : pointNames[point]!.name,
  );
}

export class Captures {
  readonly #switch: CaptureSwitch;
  readonly #log: (line: string) => void;
  readonly #all: Map<string, Capture>;

  constructor(captureSwitch: CaptureSwitch, log: (line: string) => void) {
    this.#switch = captureSwitch;
    this.#log = log;
    this.#all = new Map();
  }

  /** Opens the file of a capture whose ring is in use, where it is on, and is ours from now on. Throws NicError. */
  open(options: FilterDumpOptions, memory: CaptureMemory): void {
    const { id } = options;
    try {
      const output = this.#openOutput(options);
      const reader = new CaptureReader(memory);
      const format =
        options.format === 'pcap'
          ? new PcapFormat(memory, reader)
          : new PcapngFormat(memory, reader, namesOf(options), 'Outboard');
      const file = new CaptureFile(reader, format, output, (why) => this.#failed(id, why));
      this.#all.set(id, { options, memory, reader, file, status: options.status, failure: undefined });
    } catch (error) {
      releaseCaptureMemory(memory);
      throw error;
    }
  }

  /** Adds a capture to the running NIC. Rejects with NicError `OUTPUT` or `CONFIG`. */
  async add(given: FilterDumpOptions): Promise<void> {
    const options = placeFilterDump(given, await this.#switch.netdevs());
    const memory = makeCaptureMemory(options);
    this.open(options, memory);
    if (options.status) await this.#switch.add(memory);
  }

  /** Ends a capture and closes its file. Rejects with NicError `NOT_FOUND`. */
  async remove(id: string): Promise<void> {
    const capture = this.#find(id);
    await this.#switch.remove(id);
    this.#end(capture);
  }

  /** QEMU's property `status`. */
  async setStatus(id: string, on: boolean): Promise<void> {
    const capture = this.#find(id);
    if (capture.failure !== undefined)
      throw new NicError('OUTPUT', `filter-dump ${id} has ended: ${capture.failure}; delete it and add it again`);
    capture.status = on;
    if (on) await this.#switch.add(capture.memory);
    else await this.#switch.remove(id);
  }

  list(): CaptureState[] {
    return [...this.#all].map(([id, { options, reader, status, failure }]) => ({
      id,
      file: options.file,
      format: options.format,
      status: status && failure === undefined ? 'on' : 'off',
      ...(failure === undefined ? {} : { failure }),
      points: options.points.map((_, index) => ({
        name: namesOf(options)[index]!,
        seen: reader.seen(index),
        lost: reader.lost(index),
      })),
    }));
  }

  /** Closes all files, with what the rings still hold; the device has ended. */
  close(): void {
    for (const [id, { file, options, reader }] of this.#all) {
      file.close();
      const lost = options.points.reduce((sum, _, index) => sum + reader.lost(index), 0);
      if (lost > 0)
        this.#log(`filter-dump ${id}: ${lost} frames came faster than they could be written and are missing`);
    }
    this.#all.clear();
  }

  #openOutput({ id, file }: FilterDumpOptions): FileOutput {
    if (this.#all.has(id)) throw new NicError('CONFIG', `there is an object "${id}" already`);
    if (file === DASH && [...this.#all.values()].some(({ options }) => options.file === DASH))
      throw new NicError('CONFIG', `filter-dump ${id}: standard output takes one capture only`);
    try {
      return new FileOutput(file);
    } catch (error) {
      throw new NicError('OUTPUT', `cannot write filter-dump ${file}: ${(error as Error).message}`, error);
    }
  }

  /** Writes what is left, and says what is missing. */
  #end({ options, memory, reader, file }: Capture): void {
    file.close();
    reader.close();
    releaseCaptureMemory(memory);
    this.#all.delete(options.id);
    const lost = options.points.reduce((sum, _, index) => sum + reader.lost(index), 0);
    if (lost > 0)
      this.#log(`filter-dump ${options.id}: ${lost} frames came faster than they could be written and are missing`);
  }

  #find(id: string): Capture {
    const capture = this.#all.get(id);
    if (capture === undefined) throw new NicError('NOT_FOUND', `there is no object "${id}"`);
    return capture;
  }

  #failed(id: string, why: string): void {
    this.#log(`filter-dump ${id}: ${why}, so the capture ends here`);
    const capture = this.#all.get(id);
    if (capture !== undefined) capture.failure = why;
    // The device has ended, where it does not answer.
    this.#switch.remove(id).catch(() => undefined);
  }
}
