import type { Family, Station } from './station.ts';

export type CheckName = 'ping' | 'udp' | 'tcp' | 'multicast' | 'broadcast' | 'vlan' | 'jumbo';

/** One check of one pair, as the JSON has it. */
export interface CheckResult {
  readonly from: string;
  readonly to: string;
  readonly check: CheckName;
  readonly family: Family;
  readonly ok: boolean;
  /** What it measured, or what went wrong. */
  readonly detail: string;
}

export const groups: Readonly<Record<Family, string>> = { 4: '239.82.57.60', 6: 'ff15::8257:60' };
export const tcpPort = 7000;
export const udpPort = 7001;
/** Bytes of the shorter transfers. */
export const shortBytes = 1024 * 1024;
export const datagramLength = 1400;
/** Datagrams of one check. They arrive at once and must fit a socket's buffer of the default size. */
export const datagramCount = 32;
export const datagramKinds = ['unicast', 'multicast', 'broadcast'] as const;
export type DatagramKind = (typeof datagramKinds)[number];

const tagLength = 19;
/** Files are repetitions of a random block. */
const blockBytes = 4 * 1024 * 1024;

/** First characters of every datagram of a kind from a station. */
export function tagOf(kind: DatagramKind, from: Station): string {
  return `${kind[0]}-${from.label}`.padEnd(tagLength).slice(0, tagLength);
}

/** Shell commands that make the files that all stations of a place send by TCP: `data` and the shorter `short`. */
export function makeFiles(folder: string, bytes: number): string {
  return [
    `mkdir -p ${folder} && cd ${folder}`,
    `head -c ${blockBytes} /dev/urandom > block`,
    // A guest under emulation makes few random bytes in a second.
    `for i in $(seq ${bytes / blockBytes}); do cat block; done > data`,
    `head -c ${shortBytes} block > short && rm block`,
    'sha256sum data short',
  ].join('\n');
}

/** Shell commands that make a station's datagrams of each kind, a line each. */
export function makeDatagrams(station: Station): string {
  const folder = station.place.folder;
  const random = datagramLength - tagLength - 1;
  const lines = datagramKinds.map(
    (kind) =>
      `head -c ${datagramCount * datagramLength} /dev/urandom | base64 -w ${random} | head -n ${datagramCount} | sed 's/^/${tagOf(kind, station)}/' > ${folder}/${kind}-${station.label}`,
  );
  return [
    `cd ${folder}`,
    ...lines,
    `sha256sum ${datagramKinds.map((kind) => `${kind}-${station.label}`).join(' ')}`,
  ].join('\n');
}

/** The servers of a station: TCP that answers with the hash of what it gets, and a file of datagrams for each family. */
export function servers(station: Station): string[] {
  const name = station.interfaceName;
  const sink = (family: Family): string => `OPEN:${sinkFile(station, family)},creat,append`;
  return [
    `socat -t 120 -b 65536 TCP6-LISTEN:${tcpPort},fork,reuseaddr,ipv6only=0,backlog=16 EXEC:sha256sum`,
    `socat -u -b 16384 UDP4-RECV:${udpPort},reuseaddr,ip-add-membership=${groups[4]}:${name} ${sink(4)}`,
    `socat -u -b 16384 UDP6-RECV:${udpPort},reuseaddr,ipv6only=1,ipv6-join-group=[${groups[6]}]:${name} ${sink(6)}`,
  ].map((command) => station.inside(command));
}

/** Shell commands that end once the station's servers listen, with 1 where they do not within a while. */
export function waitForServers(): string {
  const hex = (port: number): string => port.toString(16).toUpperCase();
  const listening = [
    `grep -q ':${hex(tcpPort)} .* 0A ' /proc/net/tcp6`,
    `grep -q ':${hex(udpPort)} ' /proc/net/udp`,
    `grep -q ':${hex(udpPort)} ' /proc/net/udp6`,
  ].join(' && ');
  return `i=0; until ${listening}; do i=$((i+1)); [ $i -gt 200 ] && exit 1; sleep 0.1; done`;
}

export function sinkFile(station: Station, family: Family): string {
  return `${station.place.folder}/sink-${station.label}-${family}`;
}

/** Destination of a kind of datagrams as socat writes it. */
function destination(kind: DatagramKind, family: Family, from: Station, to: Station | undefined): string {
  const device = `so-bindtodevice=${from.interfaceName}`;
  if (kind === 'unicast') {
    const address = to!.address(family);
    return family === 4 ? `UDP4-SENDTO:${address}:${udpPort}` : `UDP6-SENDTO:[${address}]:${udpPort}`;
  }
  if (kind === 'multicast')
    return family === 4
      ? `UDP4-DATAGRAM:${groups[4]}:${udpPort},${device},ip-multicast-ttl=1`
      : `UDP6-DATAGRAM:[${groups[6]}]:${udpPort},${device}`;
  // IPv6 has no broadcast; all nodes of the link come closest.
  return family === 4
    ? `UDP4-DATAGRAM:10.82.57.255:${udpPort},broadcast,${device}`
    : `UDP6-DATAGRAM:[ff02::1%${from.interfaceName}]:${udpPort},${device}`;
}

/** Sends a kind of datagrams of a station. */
export function sendDatagrams(kind: DatagramKind, family: Family, from: Station, to?: Station): string {
  const file = `${from.place.folder}/${kind}-${from.label}`;
  return `socat -u -b ${datagramLength} OPEN:${file} ${destination(kind, family, from, to)} || echo "failed ${kind} ${family} ${to?.label ?? '-'}"`;
}

/** Pings of each check. */
export const pingCount = 3;

/**
 * ping's words for `count` pings of which the numbers answered tell how many were lost. Without a deadline ping waits for
 * its last answers only twice as long as the slowest took.
 */
export function pingWords(count: number): string {
  return `-n -c ${count} -i 0.02 -w ${10 + Math.ceil(count / 10)}`;
}

/** Pings and shows it as the block of a tag. */
export function pingCommand(tag: string, to: string, words = ''): string {
  return `echo "begin ${tag}"; ping ${pingWords(pingCount)} ${words} ${to} 2>&1; echo "end"`;
}

/** Sends a file by TCP and says how long it took (in hundredths of a second) and the hash that came back. */
export function tcpCommand(tag: string, family: Family, to: string, file: string): string {
  const target = family === 4 ? `TCP4:${to}` : `TCP6:[${to}]`;
  return [
    `echo "begin ${tag}"`,
    'a=$(cut -d" " -f1 /proc/uptime | tr -d .)',
    `socat -t 120 -T 30 -b 65536 STDIO ${target}:${tcpPort},connect-timeout=5 < ${file} 2>&1`,
    'b=$(cut -d" " -f1 /proc/uptime | tr -d .)',
    'echo "hundredths $((b - a))"',
    'echo "end"',
  ].join('; ');
}

/** The blocks between "begin TAG" and "end" of a script's output, by tag. */
export function blocks(output: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const match of output.matchAll(/^begin (.*)\n([\s\S]*?)^end$/gm)) found.set(match[1]!, match[2]!.trim());
  return found;
}
