/** A session of QMP whose commands are the monitor's. */
import { type QmpCommand, QmpSession, type QmpSessionOptions } from '../qmp/index.ts';
import type { MonitorContext } from './context.ts';
import { version } from './version.ts';

export function monitorSession(
  context: MonitorContext,
  stream: Pick<QmpSessionOptions, 'send' | 'mayGo' | 'idle' | 'negotiated'>,
): QmpSession {
  const { registry } = context;
  const commands = [...registry.qmp.keys()].map((name): [string, QmpCommand] => [
    name,
    (given) => registry.execute(context, name, given),
  ]);
  return new QmpSession({
    ...stream,
    version,
    commands: new Map(commands),
    errorClasses: { NO_DEVICE: 'DeviceNotFound', NO_NETDEV: 'DeviceNotFound' },
    onBug: (error) => context.onBug(error),
  });
}
