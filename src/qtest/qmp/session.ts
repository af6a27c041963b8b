/** QMP as libqtest needs it: what exists, reset, hot-plug, quit. */
import { QmpError, QmpSession, type QmpCommand, type QmpMembers } from '../../qmp/index.ts';
import { QTestError } from '../errors.ts';
import type { Machine } from '../machine/machine.ts';
import { checkDriver, deviceOf, type DeviceOptions, drivers } from '../options/device.ts';

export interface QmpHost {
  readonly machine: Machine | undefined;
  addDevice(device: DeviceOptions): void;
  quit(): void;
  /** Takes an error that is a mistake of ours. */
  onBug(error: unknown): void;
}

const machines = [
  { name: 'pc-i440fx-10.0', alias: 'pc', isDefault: true },
  { name: 'pc-q35-10.0', alias: 'q35', isDefault: false },
  { name: 'none', alias: undefined, isDefault: false },
].map(({ name, alias, isDefault }) => ({
  'hotpluggable-cpus': false,
  name,
  'numa-mem-supported': false,
  ...(isDefault ? { 'is-default': true } : {}),
  'cpu-max': 1,
  deprecated: false,
  ...(alias === undefined ? {} : { alias }),
  acpi: name !== 'none',
}));

const version = { qemu: { micro: 0, minor: 0, major: 10 }, package: 'Outboard' };

export function makeQTestSession(host: QmpHost, send: (text: string) => void): QmpSession {
  const commands: ReadonlyMap<string, QmpCommand> = new Map<string, QmpCommand>([
    ['query-version', () => version],
    ['query-status', () => ({ status: 'running', running: true })],
    ['query-commands', () => ['qmp_capabilities', ...commands.keys()].map((name) => ({ name }))],
    ['query-machines', () => machines],
    ['query-cpu-definitions', () => []],
    ['qom-list-types', listTypes],
    ['device_add', (given) => addDevice(host, given)],
    ['device_del', (given) => removeDevice(host, given)],
    [
      'system_reset',
      () => {
        host.machine?.reset();
        host.machine?.time.settle();
        session.event('RESET', { guest: false, reason: 'host-qmp-system-reset' });
      },
    ],
    ['quit', () => host.quit()],
  ]);
  const session = new QmpSession({
    version,
    commands,
    send,
    errorClasses: { QTEST_NO_DEVICE: 'DeviceNotFound' },
    onBug: (error) => host.onBug(error),
  });
  return session;
}

function addDevice(host: QmpHost, given: QmpMembers): void {
  const { driver, ...rest } = given;
  if (typeof driver !== 'string') throw new QmpError('GenericError', "Parameter 'driver' is missing");
  const values = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, textOf(key, value)]));
  host.addDevice(deviceOf(checkDriver(driver), values, 'device_add'));
}

function removeDevice({ machine }: QmpHost, { id }: QmpMembers): void {
  if (typeof id !== 'string') throw new QmpError('GenericError', "Parameter 'id' is missing");
  if (machine === undefined) throw new QTestError('QTEST_NO_DEVICE', `Device '${id}' not found`);
  machine.requestRemoval(id);
}

function textOf(key: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  throw new QmpError('GenericError', `Invalid parameter type for '${key}'`);
}

/** Names of what can be plugged in; libqos runs the tests of these. */
function listTypes(given: QmpMembers): unknown {
  const wanted = given['implements'];
  if (wanted !== undefined && wanted !== 'device' && wanted !== 'pci-device') return [];
  return drivers.map((name) => ({ name, parent: 'pci-device' }));
}
