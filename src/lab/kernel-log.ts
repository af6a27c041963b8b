/** Levels of the kernel's log up to this one are warnings or worse. */
const warning = 4;

/** What a kernel says when the host gave it no processor time for a while: of the host's load, not of a device. */
const starved =
  /^(tsc: |clocksource: |hrtimer: interrupt took|perf: interrupt took too long|sched: RT throttling|timekeeping: )/;

/** The warnings and errors of `dmesg -r`, without time stamps, and numbers made alike: those differ from boot to boot. */
export function complaints(raw: string): string[] {
  const found: string[] = [];
  let wanted = false;
  for (const line of raw.split('\n')) {
    const parts = /^<(\d+)>(?:\[\s*[\d.]+\]\s?(?:\[[^\]]*\]\s?)?)?(.*)$/.exec(line);
    if (parts !== null) wanted = (Number(parts[1]) & 7) <= warning;
    const text = (parts === null ? line : parts[2]!).trim();
    if (wanted && text !== '' && !starved.test(text)) found.push(text);
  }
  return found;
}

function alike(text: string): string {
  return text.replace(/0x[0-9a-f]+|\b[0-9a-f]{4,}\b|\d+/gi, '#');
}

/** Warnings and errors in one log that have no counterpart in the other. */
export function newComplaints(raw: string, rawBefore: string): string[] {
  const known = new Map<string, number>();
  for (const text of complaints(rawBefore)) known.set(alike(text), (known.get(alike(text)) ?? 0) + 1);
  return complaints(raw).filter((text) => {
    const left = known.get(alike(text)) ?? 0;
    known.set(alike(text), left - 1);
    return left <= 0;
  });
}
