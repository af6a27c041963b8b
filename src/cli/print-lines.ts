/** Prints lines one after the other, as fast as they are read; ends quietly where their reader goes away, as `| head` does. */

const PIECE = 1 << 16;

export async function printLines(lines: Iterable<string>): Promise<void> {
  const { stdout } = process;
  let gone = false;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    gone = true;
  });
  let text = '';
  const write = async (): Promise<void> => {
    const piece = text;
    text = '';
    if (stdout.write(piece)) return;
    const events = ['drain', 'error', 'close'] as const;
    await new Promise<void>((resolve) => {
      const wakes = (): void => {
        for (const event of events) stdout.off(event, wakes);
        resolve();
      };
      for (const event of events) stdout.on(event, wakes);
    });
  };
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length >= PIECE) await write();
    if (gone || stdout.destroyed) return;
  }
  if (text !== '') await write();
}
