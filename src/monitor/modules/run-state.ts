/** Stop, go on, end. */
import { none } from '../arguments.ts';
import { type MonitorModule, qmp, query } from '../context.ts';

export const runState: MonitorModule = {
  queries: [
    query({
      name: 'status',
      doc: 'whether the device works or is stopped',
      schema: none,
      fetch: async ({ nic }) => {
        const running = await nic.request('isRunning');
        return { status: running ? 'running' : 'paused', running };
      },
      render: ({ status }) => `Device status: ${status}`,
    }),
  ],
  commands: [
    {
      name: 'stop',
      usage: '',
      doc: "hold up the device's queues, timers and time; accesses are still answered",
      run: async ({ nic }) => {
        await nic.request('stop');
        return '';
      },
    },
    {
      name: 'cont',
      usage: '',
      doc: 'let the device go on',
      run: async ({ nic }) => {
        await nic.request('cont');
        return '';
      },
    },
    {
      name: 'quit',
      usage: '',
      doc: 'end the NIC',
      run: ({ quit }) => {
        quit();
        return '';
      },
    },
  ],
  qmp: {
    stop: qmp(none, ({ nic }) => nic.request('stop')),
    cont: qmp(none, ({ nic }) => nic.request('cont')),
    quit: qmp(none, ({ quit }) => quit()),
  },
};
