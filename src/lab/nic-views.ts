import { Monitor } from '../monitor/monitor.ts';
import type { Nic } from '../nic/nic.ts';
import { serveWeb } from '../web/serve-web.ts';

/** Where the web view of a lab's NIC is to be, and who is told its address. */
export interface WebView {
  readonly address: string;
  readonly tell: (line: string) => void;
}

/** Opens what one looks at a lab's NIC through: QMP on a socket, and the web view where it is asked for. Where that fails the NIC is closed. */
export async function openViews(
  nic: Nic,
  { qmp, web, log }: { qmp: string; web: WebView | undefined; log: (line: string) => void },
): Promise<void> {
  try {
    const monitor = new Monitor({
      nic,
      qmp: [`unix:${qmp},server=on,wait=off`],
      hmp: [],
      log,
      quit: () => void nic.close(),
    });
    if (web !== undefined) await serveWeb(monitor, web.address, web.tell);
  } catch (error) {
    await nic.close();
    throw error;
  }
}
