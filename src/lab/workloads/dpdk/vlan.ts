/** VLAN tags: taken off, filtered, put in; and double ones. A virtual function's are taken off by its PF's will. */
import { mustBe } from '../sriov/effects.ts';
import { payload } from './frames.ts';
import type { DpdkPort } from './port.ts';

const inner = 0x8100;
const outer = 0x88a8;
const tag = 100;
const foreignTag = 200;
const priority = 5 << 13;

const tagged = (port: DpdkPort, ...tags: [protocol: number, tci: number][]): Buffer =>
  port.frame({ tags: tags.map(([protocol, tci]) => ({ protocol, tci })), payload: payload(80) });

export async function vlanStrip(port: DpdkPort): Promise<void> {
  const frame = tagged(port, [inner, tag | priority]);
  for (const on of [true, false]) {
    await port.testpmd.type('stop');
    await port.set(`vlan set strip ${on ? 'on' : 'off'} 0`);
    await port.forward('rxonly', true);
    const [seen] = await port.received([frame]);
    mustBe(seen !== undefined, `no frame came with strip ${on ? 'on' : 'off'}`);
    mustBe(
      seen!.vlan === (on ? tag | priority : undefined) && seen!.length === frame.length - (on ? 4 : 0),
      `strip ${on ? 'on' : 'off'}: ${seen!.length} of ${frame.length} bytes, tag ${seen!.vlan}`,
    );
  }
}

export async function vlanFilter(port: DpdkPort): Promise<void> {
  const frames = [tagged(port, [inner, tag]), tagged(port, [inner, foreignTag]), port.frame()];
  await port.configure('port config 0 rx_offload vlan_filter on');
  try {
    // A promiscuous port takes every VLAN.
    await port.set('set promisc 0 off', `rx_vlan add ${tag} 0`);
    await port.forward('rxonly', true);
    const seen = await port.received(frames);
    const first = seen[0]?.vlan ?? seen[0]?.etherType;
    mustBe(
      seen.length === 2 && first === (port.virtual ? tag : inner),
      `${seen.length} frames passed a filter for VLAN ${tag}`,
    );
    await port.set(`rx_vlan rm ${tag} 0`);
    const none = await port.received(frames);
    mustBe(none.length === 1, `${none.length} frames passed a filter for no VLAN`);
  } finally {
    await port.configure('port config 0 rx_offload vlan_filter off');
    await port.set('set promisc 0 on');
  }
}

export async function vlanInsert(port: DpdkPort): Promise<void> {
  await port.configure(`tx_vlan set 0 ${foreignTag}`);
  try {
    await port.forward('macswap');
    const [plain] = await port.backParsed([port.frame()]);
    mustBe(plain?.tags.length === 1 && plain.tags[0]?.tci === foreignTag, 'a frame left without the tag');
    // A virtual function is in no VLAN whose frames it could send on.
    if (port.virtual) return;
    const [double] = await port.backParsed([tagged(port, [inner, tag])]);
    const said = double?.tags.map(({ tci }) => tci).join(', ');
    mustBe(said === `${foreignTag}, ${tag}`, `a tagged frame left with tags ${said}`);
  } finally {
    await port.configure('tx_vlan reset 0');
  }
}

/** Extended VLAN: an outer tag is always there, and strip, filter and insertion mean the inner one. */
export async function qinq(port: DpdkPort): Promise<void> {
  await port.testpmd.type('stop');
  await port.set('vlan set extend on 0', `vlan set outer tpid 0x${outer.toString(16)} 0`, 'vlan set strip on 0');
  try {
    await port.forward('rxonly', true);
    const double = tagged(port, [outer, foreignTag], [inner, tag]);
    const [seen] = await port.received([double]);
    mustBe(seen?.vlan === tag && seen.length === double.length - 4, `inner tag ${seen?.vlan}, ${seen?.length} bytes`);
    mustBe(seen!.etherType === outer, `EtherType ${seen!.etherType.toString(16)} in front`);
    await port.testpmd.type('stop');
    await port.set('set promisc 0 off', 'vlan set filter on 0', `rx_vlan add ${tag} 0`);
    await port.forward('rxonly', true);
    const passed = await port.received([double, tagged(port, [outer, tag], [inner, foreignTag])]);
    mustBe(
      passed.length === 1 && passed[0]?.vlan === tag,
      `${passed.length} frames passed a filter for inner tag ${tag}`,
    );
    await port.testpmd.type('stop');
    await port.configure(`tx_vlan set 0 7`);
    // The port's start has set the EtherType back.
    await port.set('vlan set strip off 0', `vlan set outer tpid 0x${outer.toString(16)} 0`);
    await port.forward('macswap');
    const [back] = await port.backParsed([tagged(port, [outer, foreignTag], [inner, tag])]);
    const said = back?.tags.map(({ tci }) => tci).join(', ');
    mustBe(said === `${foreignTag}, 7, ${tag}`, `a frame left with tags ${said}`);
  } finally {
    await port.configure('tx_vlan reset 0');
    await port.testpmd.type(['stop', 'vlan set filter off 0', 'vlan set strip off 0', 'vlan set extend off 0']);
    await port.testpmd.type(['vlan set outer tpid 0x8100 0', 'set promisc 0 on']);
  }
}
