/** What the external host's process and its parent say to each other: JSON lines on its stdin and stdout. */

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** Given to the process as its only argument. */
export interface ExternalHostSetup {
  readonly programs: Readonly<Record<'ip' | 'ping' | 'tcpdump' | 'iperf3' | 'sh', Program>>;
}

/** When to end waiting for frames: some time after so many have come, or when the time is up. */
export interface FramesWanted {
  readonly count: number;
  /** Only frames that contain these bytes are counted and kept, in hexadecimal digits. */
  readonly containing?: string;
  readonly limitMs: number;
}

export type ExternalHostRequest = { readonly id: number } & (
  | { readonly method: 'plug'; readonly plain: boolean }
  | { readonly method: 'exchange'; readonly frames: readonly string[]; readonly until: FramesWanted }
  | { readonly method: 'serve' }
  | { readonly method: 'file'; readonly length: number; readonly seed: number }
  | { readonly method: 'uploaded'; readonly name: string }
  | { readonly method: 'capture'; readonly file: string }
  | { readonly method: 'stopCapture' }
  | { readonly method: 'iperf' }
  | { readonly method: 'start'; readonly command: string }
  | { readonly method: 'addVlan'; readonly tag: number; readonly address: string }
  | { readonly method: 'removeVlan'; readonly tag: number }
  | {
      readonly method: 'run';
      readonly program: keyof ExternalHostSetup['programs'];
      readonly args: readonly string[];
      readonly timeoutMs: number;
    }
);

export interface ExternalHostReply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

/** The descriptor on which the process hands over the wire's end. */
export const handoverDescriptor = 3;

/** Addresses on the wire; the guest's differ in the last number. */
export const hostAddress = '10.82.57.1';
export const guestAddress = '10.82.57.2';
export const hostAddress6 = 'fd82:5760::1';
export const guestAddress6 = 'fd82:5760::2';
export const vlanHostAddress = '10.82.58.1';
export const vlanGuestAddress = '10.82.58.2';
export const hostInterface = 'host0';
export const httpPort = 8080;
export const iperfPort = 5201;
export const jumboMtu = 9000;
