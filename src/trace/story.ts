/** Records as sentences, for the story of a packet. */
import type { Story } from './follow.ts';
import { formatArguments, recordWords } from './format.ts';
import type { TraceRecord } from './record.ts';

type Words = Readonly<Record<string, string | number>>;

const plural = (count: number | string | undefined, thing: string): string =>
  `${count} ${thing}${count === 1 ? '' : 's'}`;
const owner = (words: Words): string => (words['function'] === 'PF' ? 'the PF' : String(words['function']));
const line = (words: Words): string => (words['direction'] === 'tx' ? 'transmit' : 'receive');

const sentences: Readonly<Record<string, (words: Words) => string>> = {
  igb_tx_tail: ({ queue, head, tail }) =>
    `the driver writes the tail of transmit queue ${queue}: descriptors ${head} up to ${tail} are the device's`,
  igb_tx_fetch: (words) =>
    `transmit queue ${words['queue']} of ${owner(words)}: ${plural(words['descriptors'], 'descriptor')} fetched from ${words['head']} on, ${words['length']}`,
  igb_tx_descriptor: ({ index, address, command, options }) =>
    `descriptor ${index}: buffer at ${address}, command ${command}, options ${options}`,
  igb_tx_checksum: ({ kind, start, by }) => `${kind} checksum from ${start} on: filled in by the ${by}`,
  igb_tx_segments: ({ length, size }) => `${length} are cut into segments of ${size}`,
  igb_tx_packet: ({ length }) => `a frame of ${length} is complete`,
  igb_switch_route: ({ pool, pools, wire, reason, vlan }) =>
    `the switch decides for pool ${pool}: pools ${pools}${wire === 'yes' ? ' and the wire' : ', not the wire'} (${reason}, VLAN ${vlan})`,
  igb_switch_pools: ({ pools, reason, vlan, mirrored }) =>
    `the switch decides: pools ${pools} (${reason}, VLAN ${vlan})${mirrored === '{}' ? '' : `, mirrored to ${mirrored}`}`,
  net_send: ({ length, checksum, segmentation, size }) =>
    `to the wire: ${length}, checksum ${checksum}${segmentation === 'none' ? '' : `, segmentation of ${segmentation} at ${size} left to it`}`,
  net_receive: ({ length, checksum, segmentation, size }) =>
    `from the wire: ${length}, checksum ${checksum}${segmentation === 'none' ? '' : `, ${segmentation} to be cut at ${size}`}`,
  igb_rx_frame: ({ length, from }) =>
    `at the receive side, from ${from === 'wire' ? 'the wire' : `a ${from}`}: ${length}`,
  igb_rx_rss: ({ type, hash, queues }) =>
    type === 'none' ? `no hash; queues ${queues}` : `hash ${hash} (${type}); queues ${queues}`,
  igb_rx_wait: ({ queues }) => `queues ${queues} have no descriptor: it waits in the packet buffer`,
  igb_rx_descriptor: ({ queue, index, address }) =>
    `receive queue ${queue}: descriptor ${index} fetched, buffer at ${address}`,
  igb_rx_write_back: ({ queue, index, length, status, held }) =>
    `receive queue ${queue}: descriptor ${index} ${held === 'yes' ? 'done, its write-back held' : 'written back'}, ${length}, status ${status}`,
  igb_rx_flush: ({ queue, descriptors }) =>
    `receive queue ${queue}: ${plural(descriptors, 'held descriptor')} written back`,
  igb_rx_packet: (words) => `in the memory of receive queue ${words['queue']}, ${owner(words)}: ${words['length']}`,
  igb_tx_write_back: ({ queue, head, what }) => `transmit queue ${queue}: ${what} written back; done up to ${head}`,
  igb_irq_queue: (words) =>
    `${line(words)} queue ${words['queue']} asks for an interrupt: vector ${words['vector']}${words['masked'] === 'yes' ? ', which is masked' : ''}`,
  igb_irq_no_queue_vector: (words) => `${line(words)} queue ${words['queue']} has no vector: only ICR tells`,
  igb_irq_throttled: ({ vector, interval }) => `vector ${vector} waits for its interval of ${interval}`,
  igb_irq_held: ({ vector, wait }) => `vector ${vector} waits ${wait} more: its guest is flooded`,
  igb_irq_unthrottled: ({ vector }) => `vector ${vector}: the wait is over`,
  igb_irq_unsent: ({ vector }) => `vector ${vector} cannot be sent: MSI-X is off`,
  igb_irq_msix: (words) => `interrupt: vector ${words['vector']} sent, MSI-X ${words['number']} of ${owner(words)}`,
  igb_irq_msi: () => 'interrupt: MSI sent',
  igb_irq_intx: () => 'interrupt: INTx raised',
  vfio_user_irq: ({ index, vector, delivered }) =>
    delivered === 'yes'
      ? `${index} ${vector} signalled to the machine`
      : `${index} ${vector}: nobody is connected to it`,
  vfio_user_dma_write: ({ client }) => `the message is on its way to the machine, client ${client}`,
  pci_msi_message: ({ address, data }) => `the message leaves: ${data} to ${address}`,
  igb_irq_auto_clear: ({ vector, masked }) =>
    `vector ${vector}: its cause is cleared by EIAC${masked === 'yes' ? ', and it is masked by EIAM' : ''}`,
  igb_irq_eims: ({ unmasked }) => `the driver has dealt with it: it unmasks vectors ${unmasked}`,
  igb_irq_eicr_write: ({ value }) => `the driver acknowledges vectors ${value} in EICR`,
  igb_irq_eicr_read: ({ value }) => `the driver reads EICR: vectors ${value}`,
  igb_irq_icr_read: ({ value }) => `the driver reads ICR: ${value}`,
};

/** What a record says; one that has no sentence says its name and arguments. */
export function sentenceOf(record: TraceRecord): string {
  const sentence = sentences[record.name];
  if (sentence !== undefined) return sentence(recordWords(record));
  const said = `${record.name} ${formatArguments(record.spec, record.args)}`.trimEnd();
  return record.name.includes('_drop') ? `${record.spec.doc.replace(/\.$/, '')} (${said})` : said;
}

/** A story, which has at least one record, as lines with the time since its beginning. */
export function storyLines(packet: number, { records, open }: Story): string[] {
  const [first] = records;
  const beginNs = first!.timeNs;
  return [
    `packet ${packet}, from ${(beginNs / 1e9).toFixed(9)} s on`,
    ...records.map(
      (record) => `${((record.timeNs - beginNs) / 1000).toFixed(1).padStart(10)} µs  ${sentenceOf(record)}`,
    ),
    ...open.map((text) => `    and then  ${text}`),
  ];
}
