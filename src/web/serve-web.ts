import { parseLoopbackAddress } from '../metrics/loopback-address.ts';
import type { Monitor } from '../monitor/monitor.ts';
import { NicError } from '../nic/errors.ts';
import { WebServer } from './web-server.ts';

/** Opens the web view of a monitor's NIC, which ends with the NIC; its address is told in a line. Rejects with NicError `WEB`. */
export async function serveWeb(monitor: Monitor, address: string, log: (line: string) => void): Promise<void> {
  try {
    const server = await WebServer.listen(monitor, parseLoopbackAddress(address)!);
    monitor.nic.addOutput(server);
    log(`web: ${server.url}`);
  } catch (error) {
    const advice = 'another address is chosen by --web 127.0.0.1:PORT';
    throw new NicError('WEB', `cannot serve the web view on ${address}: ${(error as Error).message}; ${advice}`, error);
  }
}
