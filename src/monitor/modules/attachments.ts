/** Sockets of functions, made and taken away while machines run. */
import * as v from 'valibot';
import { checkAttachment } from '../../nic/config.ts';
import { attachmentId } from '../../nic/functions.ts';
import { parseKeyList } from '../../wires/key-list.ts';
import { type MonitorContext, MonitorError, type MonitorModule, qmp } from '../context.ts';

async function add({ nic }: MonitorContext, driver: string, members: Readonly<Record<string, unknown>>): Promise<void> {
  const { id, ...given } = members;
  const values = Object.entries(given).map(([key, value]) => {
    const number = (key === 'index' || key === 'port') && typeof value === 'string' && /^\d+$/.test(value);
    return [key, number ? Number(value) : value];
  });
  const attachment = checkAttachment({ kind: driver, ...Object.fromEntries(values) });
  if (id !== undefined && id !== attachmentId(attachment)) {
    throw new MonitorError('CONFIG', `id: that of this device is ${attachmentId(attachment)}; leave it out`);
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
      usage: 'hierarchy|function|vf,index=N,path=SOCKET[,port=1][,qmp=SOCKET]',
      doc: 'make the socket of the PF or of a VF, for a virtual machine to attach it by',
      run: async (context, [text]) => {
        if (text === undefined) throw new MonitorError('USAGE', 'device_add vf,index=0,path=vf0.sock');
        const { type, values } = parseKeyList(text);
        await add(context, type, values);
        return '';
      },
      complete: () => ['vf,index=', 'hierarchy,path=', 'function,path='],
    },
    {
      name: 'device_del',
      usage: 'pf|vfN|pf1|pf1vfN',
      doc: 'take the socket of a function away, and the function from the machine that has it',
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
