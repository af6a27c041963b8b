// A node:test reporter for many tests: a dot for each, and for a failure its name, place and error.
import { inspect } from 'node:util';

const WIDTH = 100;

export default async function* terse(source) {
  let column = 0;
  for await (const { type, data } of source) {
    if (type === 'test:stderr' || (type !== 'test:pass' && type !== 'test:fail')) continue;
    if (type === 'test:fail' && data.details?.error?.failureType !== 'subtestsFailed') {
      const error = data.details.error.cause ?? data.details.error;
      const text = typeof error === 'object' ? (error.stack ?? inspect(error)) : String(error);
      yield `${column > 0 ? '\n' : ''}✖ ${data.name} (${data.file ?? ''})\n  ${text.split('\n').slice(0, 12).join('\n  ')}\n`;
      column = 0;
      continue;
    }
    if (data.details?.type === 'suite') continue;
    yield data.skip === undefined ? '.' : 's';
    column += 1;
    if (column === WIDTH) {
      yield '\n';
      column = 0;
    }
  }
  yield '\n';
}
