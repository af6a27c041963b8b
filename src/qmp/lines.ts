/** Calls `line` for each line of a stream, without its end. */
export function forEachLine(stream: NodeJS.ReadableStream, line: (text: string) => void): void {
  let rest = '';
  stream.on('data', (bytes: Buffer | string) => {
    const parts = (rest + bytes.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) line(part);
  });
  stream.on('end', () => {
    if (rest !== '') line(rest);
    rest = '';
  });
}
