/** What `--web` takes: an address of this machine, its port, both or nothing. */

/** The chip's number, near enough. */
const DEFAULT_PORT = 8257;

/** As a configuration has it: `127.0.0.1:8257`. What is no port is left to the configuration to judge. */
export function webAddress(given: string | true): string {
  if (given === true) return `127.0.0.1:${DEFAULT_PORT}`;
  const port = /^:?(\d+)$/.exec(given)?.[1];
  return port === undefined ? given : `127.0.0.1:${port}`;
}
