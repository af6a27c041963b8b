/** Addresses as text. Not for hot paths. */

/** `aa:bb:cc:dd:ee:ff` of six bytes. */
export function formatMac(bytes: Uint8Array, offset = 0): string {
  const parts: string[] = [];
  for (let at = 0; at < 6; at += 1) parts.push((bytes[offset + at] ?? 0).toString(16).padStart(2, '0'));
  return parts.join(':');
}

/** Six bytes of `aa:bb:cc:dd:ee:ff` or `aa-bb-…`, any case, one or two digits each; undefined where it is not one. */
export function parseMac(text: string): Uint8Array | undefined {
  const parts = text.split(/[:-]/);
  if (parts.length !== 6 || !parts.every((part) => /^[0-9a-f]{1,2}$/i.test(part))) return undefined;
  return Uint8Array.from(parts, (part) => Number.parseInt(part, 16));
}

/** Dotted decimal of four bytes. */
export function formatIpv4(bytes: Uint8Array, offset = 0): string {
  return Array.from({ length: 4 }, (_, at) => bytes[offset + at] ?? 0).join('.');
}

function hexWords(words: readonly number[]): string {
  return words.map((word) => word.toString(16)).join(':');
}

/** Sixteen bytes as RFC 5952 writes them: lower case, the longest run of zeros shortened, the first of equals. */
export function formatIpv6(bytes: Uint8Array, offset = 0): string {
  const words = Array.from(
    { length: 8 },
    (_, n) => ((bytes[offset + 2 * n] ?? 0) << 8) | (bytes[offset + 2 * n + 1] ?? 0),
  );
  let start = -1;
  let longest = 1;
  for (let at = 0; at < 8; at += 1) {
    let run = 0;
    while (at + run < 8 && words[at + run] === 0) run += 1;
    if (run > longest) {
      start = at;
      longest = run;
    }
    at += run;
  }
  return start < 0 ? hexWords(words) : `${hexWords(words.slice(0, start))}::${hexWords(words.slice(start + longest))}`;
}
