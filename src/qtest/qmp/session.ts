/** QMP as libqtest needs it: greeting, capabilities, what exists, reset, hot-plug, quit. */
import { QTestError } from '../errors.ts';
import type { Machine } from '../machine/machine.ts';
import { checkDriver, deviceOf, type DeviceOptions, drivers } from '../options/device.ts';
import { JsonSplitter } from './json-splitter.ts';

export interface QmpHost {
  readonly machine: Machine | undefined;
  addDevice(device: DeviceOptions): void;
  quit(): void;
}

type Arguments = Readonly<Record<string, unknown>>;
type Command = (args: Arguments) => unknown;

/** An error as QMP words it. */
class QmpError extends Error {
  readonly errorClass: 'GenericError' | 'CommandNotFound' | 'DeviceNotFound';

  constructor(errorClass: QmpError['errorClass'], message: string) {
    super(message);
    this.errorClass = errorClass;
  }
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

export class QmpSession {
  readonly #host: QmpHost;
  readonly #send: (text: string) => void;
  readonly #splitter: JsonSplitter;
  readonly #commands: ReadonlyMap<string, Command>;
  #negotiated: boolean;

  constructor(host: QmpHost, send: (text: string) => void) {
    this.#host = host;
    this.#send = send;
    this.#splitter = new JsonSplitter();
    this.#negotiated = false;
    this.#commands = new Map<string, Command>([
      ['qmp_capabilities', () => this.#negotiate()],
      ['query-version', () => version],
      ['query-status', () => ({ status: 'running', running: true })],
      ['query-commands', () => [...this.#commands.keys()].map((name) => ({ name }))],
      ['query-machines', () => machines],
      ['query-cpu-definitions', () => []],
      ['qom-list-types', (args) => listTypes(args)],
      ['device_add', (args) => this.#addDevice(args)],
      ['device_del', (args) => this.#removeDevice(args)],
      ['system_reset', () => this.#reset()],
      ['quit', () => this.#host.quit()],
    ]);
  }

  greet(): void {
    this.#put({ QMP: { version, capabilities: [] } });
  }

  received(text: string): void {
    for (const object of this.#splitter.push(text)) this.#handle(object);
  }

  /** Tells what has happened. */
  event(name: string, data?: Arguments): void {
    if (!this.#negotiated) return;
    const now = Date.now();
    const timestamp = { seconds: Math.floor(now / 1000), microseconds: (now % 1000) * 1000 };
    this.#put({ timestamp, event: name, ...(data === undefined ? {} : { data }) });
  }

  #put(message: object): void {
    this.#send(`${JSON.stringify(message)}\r\n`);
  }

  #handle(text: string): void {
    let id: unknown;
    try {
      const message = parseObject(text);
      id = message['id'];
      const result = this.#execute(message);
      // What a command sets off is told after its answer.
      this.#put({ return: result ?? {}, ...(id === undefined ? {} : { id }) });
      if (message['execute'] === 'system_reset') {
        this.event('RESET', { guest: false, reason: 'host-qmp-system-reset' });
      }
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (!(error instanceof QmpError) && typeof code !== 'string') throw error;
      const errorClass =
        error instanceof QmpError ? error.errorClass : code === 'QTEST_NO_DEVICE' ? 'DeviceNotFound' : 'GenericError';
      this.#put({ error: { class: errorClass, desc: (error as Error).message }, ...(id === undefined ? {} : { id }) });
    }
  }

  #execute(message: Arguments): unknown {
    const name = message['execute'];
    if (typeof name !== 'string') throw new QmpError('GenericError', "QMP input lacks member 'execute'");
    const command = this.#commands.get(name);
    if (!this.#negotiated && name !== 'qmp_capabilities') {
      throw new QmpError('CommandNotFound', "Expecting capabilities negotiation with 'qmp_capabilities'");
    }
    if (command === undefined) throw new QmpError('CommandNotFound', `The command ${name} has not been found`);
    const args = message['arguments'] ?? {};
    if (typeof args !== 'object' || Array.isArray(args)) {
      throw new QmpError('GenericError', "QMP input member 'arguments' must be an object");
    }
    return command(args as Arguments);
  }

  #negotiate(): void {
    if (this.#negotiated) {
      throw new QmpError('CommandNotFound', 'Capabilities negotiation is already complete, command ignored');
    }
    this.#negotiated = true;
  }

  #addDevice(args: Arguments): void {
    const { driver, ...rest } = args;
    if (typeof driver !== 'string') throw new QmpError('GenericError', "Parameter 'driver' is missing");
    const values = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, textOf(key, value)]));
    this.#host.addDevice(deviceOf(checkDriver(driver), values, 'device_add'));
  }

  #removeDevice(args: Arguments): void {
    const { id } = args;
    if (typeof id !== 'string') throw new QmpError('GenericError', "Parameter 'id' is missing");
    const { machine } = this.#host;
    if (machine === undefined) throw new QTestError('QTEST_NO_DEVICE', `Device '${id}' not found`);
    machine.requestRemoval(id);
  }

  #reset(): void {
    const { machine } = this.#host;
    machine?.reset();
    machine?.time.settle();
  }
}

function parseObject(text: string): Arguments {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new QmpError('GenericError', 'JSON parse error');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new QmpError('GenericError', 'QMP input must be a JSON object');
  }
  return value as Arguments;
}

function textOf(key: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  throw new QmpError('GenericError', `Invalid parameter type for '${key}'`);
}

/** Names of what can be plugged in; libqos runs the tests of these. */
function listTypes(args: Arguments): unknown {
  const wanted = args['implements'];
  if (wanted !== undefined && wanted !== 'device' && wanted !== 'pci-device') return [];
  return drivers.map((name) => ({ name, parent: 'pci-device' }));
}
