/** Values of repeated flags, `word,key=value,…`, as the configuration has them; its schema judges keys and values. */
import { NicError } from './errors.ts';

type Value = string | number | boolean;

function pairs(flag: string, text: string, options: readonly string[]): [string, string][] {
  const found = new Map<string, string>();
  for (const option of options) {
    const equals = option.indexOf('=');
    if (equals < 0) throw new NicError('CONFIG', `"${option}" in ${flag} ${text} is not of the form key=value`);
    const key = option.slice(0, equals);
    if (found.has(key)) throw new NicError('CONFIG', `${flag} ${text}: ${key} is given twice`);
    found.set(key, option.slice(equals + 1));
  }
  return [...found];
}

/** A number where the text is one; anything else stays as it is, for the schema to refuse. */
const number = (text: string): Value => (/^\d+$/.test(text) ? Number(text) : text);

/** `hierarchy,path=nic.sock` or `vf,index=0,path=vf0.sock`, with `port=1` of the second port. Throws NicError `CONFIG`. */
export function parseAttachment(text: string): Record<string, Value> {
  const [kind = '', ...options] = text.split(',');
  const values = pairs('--attach', text, options);
  return {
    kind,
    ...Object.fromEntries(
      values.map(([key, value]) => [key, key === 'index' || key === 'port' ? number(value) : value]),
    ),
  };
}

/** `speed=100,duplex=half,autoneg=off,pause=none`. Throws NicError `CONFIG`. */
export function parseLinkPartner(text: string): Record<string, Value> {
  return Object.fromEntries(
    pairs('--link-partner', text, text.split(',')).map(([key, value]): [string, Value] => [
      key,
      key === 'autoneg' ? onOrOff('--link-partner', text, key, value) : number(value),
    ]),
  );
}

/** `length=30,crossed=on,polarity=reversed,pairs=2`. Throws NicError `CONFIG`. */
export function parseCable(text: string): Record<string, Value> {
  return Object.fromEntries(
    pairs('--cable', text, text.split(',')).map(([key, value]): [string, Value] => [
      key,
      key === 'crossed' ? onOrOff('--cable', text, key, value) : number(value),
    ]),
  );
}

const booleans: Readonly<Record<string, boolean>> = { on: true, off: false };

function onOrOff(flag: string, text: string, key: string, value: string): boolean {
  const found = booleans[value];
  if (found === undefined) throw new NicError('CONFIG', `${flag} ${text}: ${key} must be on or off`);
  return found;
}

/** `0,mac=…,vlan=5,qos=3,max_tx_rate=100,spoofchk=off,trust=on,state=enable`. Throws NicError `CONFIG`. */
export function parseVf(text: string): Record<string, Value> {
  const [index = '', ...options] = text.split(',');
  const values = pairs('--vf', text, options).map(([key, value]): [string, Value] => {
    if (key === 'spoofchk' || key === 'trust') return [key, onOrOff('--vf', text, key, value)];
    return [key, key === 'mac' || key === 'state' ? value : number(value)];
  });
  return { ...Object.fromEntries(values), index: number(index) };
}
