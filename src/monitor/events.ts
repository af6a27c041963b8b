/** What a NIC tells, as events of QMP: QEMU's where it has them. */
import { pfNames } from '../nic/functions.ts';
import type { NicEvent } from '../nic/events.ts';
import type { QmpMembers } from '../qmp/index.ts';

export function qmpEvent(event: NicEvent): { readonly name: string; readonly data: QmpMembers | undefined } {
  switch (event.type) {
    case 'client':
      return {
        name: event.attached ? 'VFIO_USER_CLIENT_ATTACHED' : 'VFIO_USER_CLIENT_DETACHED',
        data: { device: event.id },
      };
    case 'link':
      return { name: 'NIC_LINK_CHANGED', data: { name: pfNames[event.port]!, up: event.up, speed: event.speedMbps } };
    case 'break': {
      const { number, event: name, what, packet } = event.place;
      return { name: 'NIC_BREAK', data: { number, event: name, what, packet, stopped: event.stopped } };
    }
    case 'run-state':
      return { name: event.running ? 'RESUME' : 'STOP', data: undefined };
  }
}
