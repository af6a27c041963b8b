/** A program: what a driver and a link partner do, step by step, in plain data. Any part of one is a program again. */
import type { PacketOptions } from '../conformance/frames.ts';

/** A frame by what `packet` and `ethernet` of the conformance suite make of it. */
export type FrameSpec =
  | { readonly kind: 'packet'; readonly payloadBytes: number; readonly options: Omit<PacketOptions, 'payload'> }
  | {
      readonly kind: 'ethernet';
      readonly to: string;
      readonly from: string;
      readonly length: number;
      readonly tags: readonly number[];
    };

export type Step =
  | { readonly do: 'set'; readonly register: string; readonly element: number; readonly value: number }
  | { readonly do: 'receive-ring'; readonly queue: number; readonly srrctl: number; readonly bufferBytes: number }
  | { readonly do: 'transmit-ring'; readonly queue: number }
  | { readonly do: 'msix' }
  | { readonly do: 'arrive'; readonly frame: FrameSpec }
  | {
      readonly do: 'send';
      readonly queue: number;
      readonly frame: FrameSpec;
      /** Descriptors of data. */
      readonly pieces: number;
      /** Which checksums the device is to make. */
      readonly offload: boolean;
      /** Of a TCP segment, 0: no segmentation. */
      readonly segmentSize: number;
      /** Tag to insert, -1: none. */
      readonly tag: number;
      /** It is handed over with the next packet of its queue. */
      readonly waits?: boolean;
    };

export type Program = readonly Step[];

/** A step a line: what it does, and the rest as JSON. */
export function toScript(program: Program): string {
  return program.map(({ do: verb, ...rest }) => `${verb} ${JSON.stringify(rest)}`).join('\n');
}

/** Reads what `toScript` wrote; empty lines and those that begin with # mean nothing. */
export function parseScript(text: string): Program {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const at = line.indexOf(' ');
    return { do: line.slice(0, at), ...(JSON.parse(line.slice(at)) as object) } as Step;
  });
}
