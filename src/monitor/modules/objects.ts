/** Captures, which are QEMU's objects of type filter-dump, added and removed while frames pass. */
import * as v from 'valibot';
import type { CaptureState } from '../../nic/captures.ts';
import { parseFilterDump } from '../../nic/filter-dump-options.ts';
import { none } from '../arguments.ts';
import { type MonitorContext, MonitorError, type MonitorModule, qmp, query } from '../context.ts';
import { keyList } from '../key-list.ts';
import { onOff, type Style } from '../style.ts';
import { onOrOff } from '../words.ts';

const add = ({ nic }: MonitorContext, text: string): Promise<void> => nic.captures.add(parseFilterDump(text));

function render(captures: readonly CaptureState[], style: Style): string {
  if (captures.length === 0) return 'no capture';
  const rows = captures.flatMap(({ id, file, status, failure, points }) =>
    points.map(({ name, seen, lost }) => [
      ...[id, name, onOff(status === 'on'), String(seen), String(lost)],
      ...[failure === undefined ? file : `${file}: ${failure}`],
    ]),
  );
  return style.table(['id', 'point', 'status', 'seen', 'lost', 'file'], rows);
}

export const objects: MonitorModule = {
  queries: [
    query({
      name: 'capture',
      doc: 'captures, the frames that they saw and lost',
      schema: none,
      fetch: ({ nic }) => nic.captures.list(),
      render,
    }),
  ],
  commands: [
    {
      name: 'object_add',
      usage: 'filter-dump,id=ID,POINT,file=FILE',
      doc: 'begin a capture, as by --object',
      run: async (context, [text]) => {
        if (text === undefined) throw new MonitorError('USAGE', 'object_add filter-dump,id=f0,netdev=n0,file=x.pcap');
        await add(context, text);
        return '';
      },
      complete: () => ['filter-dump,id='],
    },
    {
      name: 'object_del',
      usage: 'ID',
      doc: 'end a capture and close its file',
      run: async ({ nic }, [id]) => {
        if (id === undefined) throw new MonitorError('USAGE', 'object_del ID');
        await nic.captures.remove(id);
        return '';
      },
      complete: ({ nic }) => nic.captures.list().map(({ id }) => id),
    },
    {
      name: 'qom-set',
      usage: 'ID status on|off',
      doc: 'let a capture rest, and go on',
      run: async ({ nic }, [id = '', property, value]) => {
        if (property !== 'status') throw new MonitorError('USAGE', 'qom-set ID status on|off');
        await nic.captures.setStatus(id.replace(/^\/objects\//, ''), onOrOff(value, 'status'));
        return '';
      },
    },
  ],
  qmp: {
    'object-add': qmp(v.looseObject({ 'qom-type': v.string(), id: v.string() }), (context, given) => {
      const { 'qom-type': type, ...rest } = given;
      return add(context, keyList(type, rest));
    }),
    'object-del': qmp(v.strictObject({ id: v.string() }), ({ nic }, { id }) => nic.captures.remove(id)),
    'qom-set': qmp(
      v.strictObject({ path: v.string(), property: v.literal('status'), value: v.union([v.string(), v.boolean()]) }),
      ({ nic }, { path, value }) =>
        nic.captures.setStatus(path.replace(/^\/objects\//, ''), value === true || value === 'on'),
    ),
  },
};
