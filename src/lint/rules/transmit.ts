/** What transmit descriptors say. */
import { onEvent, type RuleTable } from '../rule.ts';

export const transmitRules = {
  'context-missing': {
    wrong: 'sends a packet with an offload or tag of a context that it has not given',
    advice: 'A context descriptor goes in front of the first packet that uses its slot after a reset.',
    section: '3.3',
    looks: [onEvent('igb_guest_error_tx_context')],
  },
  'transmit-descriptor-type': {
    wrong: 'gives the device a transmit descriptor of an unknown type',
    advice: 'With DEXT, DTYP is 2 for a context and 3 for data; the descriptor is skipped.',
    section: '3.1',
    looks: [onEvent('igb_guest_error_tx_descriptor')],
  },
  'packet-too-long': {
    wrong: 'sends a packet longer than the device can',
    advice: 'Frames have 9.5 KB at most, packets that are segmented 256 KB.',
    section: '3.10',
    looks: [onEvent('igb_guest_error_tx_length')],
  },
  'packet-too-short': {
    wrong: 'sends a packet shorter than an Ethernet header',
    advice: 'Addresses and type are always there; TCTL.PSP pads what is behind them.',
    section: '5.5',
    looks: [onEvent('igb_tx_drop_short')],
  },
  'packet-without-end': {
    wrong: 'sends a packet of more descriptors than one may have',
    advice: 'Set EOP in the last descriptor of each packet.',
    section: '3.4',
    looks: [onEvent('igb_tx_drop_endless')],
  },
  'offload-unfit': {
    wrong: 'asks for a checksum or segmentation that does not fit the packet',
    advice: 'MACLEN, IPLEN and L4LEN must be those of the headers that are in the packet.',
    section: '5.4',
    looks: [onEvent('igb_tx_drop_malformed')],
  },
  'segment-size': {
    wrong: 'asks for segmentation without a usable MSS',
    advice: 'MSS is not 0, and large enough for the packet to come to few segments.',
    section: '5.4',
    looks: [onEvent('igb_guest_error_tx_segment_size')],
  },
} as const satisfies RuleTable;
