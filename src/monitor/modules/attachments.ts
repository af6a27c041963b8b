/** Sockets of functions, made and taken away while machines run. */
import * as v from 'valibot';
import { checkAttachment } from '../../nic/config.ts';
import { parseKeyList } from '../../wires/key-list.ts';
import { type MonitorContext, MonitorError, type MonitorModule, qmp } from '../context.ts';

async function add({ nic }: MonitorContext, driver: string, members: Readonly<Record<string, unknown>>): Promise<void> {
  const { index, id, ...rest } = members;
  const attachment = checkAttachment({
    kind: driver,
    ...(index === undefined ? {} : { index: typeof index === 'string' && /^\d+$/.test(index) ? Number(index) : index }),
    ...rest,
  });
  if (id !== undefined && attachment.kind === 'vf' && id !== `vf${attachment.index}`) {
    throw new MonitorError('CONFIG', `id: that of this device is vf${attachment.index}; leave it out`);
  }
  await nic.request('addAttachment', attachment);
}

async function remove({ nic, emit }: MonitorContext, id: string): Promise<void> {
  await nic.request('removeAttachment', { id });
  emit('DEVICE_DELETED', { device: id, path: `/machine/peripheral/${id}` });
}

export const attachments: MonitorModule = {
  commands: [
    {
      name: 'device_add',
      usage: 'vf,index=N,path=SOCKET',
      doc: 'make the socket of a VF, for a virtual machine to attach it by',
      run: async (context, [text]) => {
        if (text === undefined) throw new MonitorError('USAGE', 'device_add vf,index=0,path=vf0.sock');
        const { type, values } = parseKeyList(text);
        await add(context, type, values);
        return '';
      },
      complete: () => ['vf,index='],
    },
    {
      name: 'device_del',
      usage: 'vfN',
      doc: 'take the socket of a VF away, and the VF from the machine that has it',
      run: async (context, [id]) => {
        if (id === undefined) throw new MonitorError('USAGE', 'device_del vf0');
        await remove(context, id);
        return '';
      },
    },
  ],
  qmp: {
    device_add: qmp(v.looseObject({ driver: v.string() }), (context, { driver, ...members }) =>
      add(context, driver, members),
    ),
    device_del: qmp(v.strictObject({ id: v.string() }), (context, { id }) => remove(context, id)),
  },
};
