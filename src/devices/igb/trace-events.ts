/**
 * Trace events of the 82576: a name says the block and what happened, the arguments are what `emit` is given, in order. One
 * event for each reason, so that `--trace 'igb_rx_drop_*'` selects what it says. Grouped by block; append to the group that
 * you work on.
 */
import type { TraceEventSpec } from '../../ports/index.ts';

type Events = Readonly<Record<string, TraceEventSpec>>;

/** By the number of the type. */
const RSS_TYPES = [
  'none',
  'IPv4 TCP',
  'IPv4',
  'IPv6 TCP',
  'IPv6 ex',
  'IPv6',
  'IPv6 TCP ex',
  'IPv4 UDP',
  'IPv6 UDP',
  'IPv6 UDP ex',
] as const;
/** By `reasonFor` of rx/pools.ts. */
const POOL_REASONS = [
  'no pool',
  'exact address',
  'unicast hash',
  'default pool',
  'multicast',
  'broadcast',
  'any address',
] as const;
const LED = ['off', 'on', 'blinking', 'flickering'] as const;

/** Register accesses by software. */
const registers = {
  igb_reg_read: { args: { register: 'register', value: 'value' }, doc: 'A register was read.' },
  igb_reg_write: { args: { register: 'register', value: 'value' }, doc: 'A register was written.' },
  igb_reg_read_unknown: { args: { offset: 'hex' }, doc: 'A read where no register is declared; it gives 0.' },
  igb_reg_write_unknown: {
    args: { offset: 'hex', value: 'hex' },
    doc: 'A write where no register is declared; it is lost.',
  },
  igb_reg_inert: { args: { register: 'register' }, doc: 'First use of a register on which nothing acts.' },
} as const satisfies Events;

/** Mistakes of the guest: what hardware does is done, and counted. */
const guestErrors = {
  igb_guest_error_register_read_only: {
    args: { register: 'register', value: 'value' },
    doc: 'A write to a read-only register.',
  },
  igb_guest_error_tail: {
    args: { register: 'register', tail: 'count', size: 'count' },
    doc: 'A tail outside its ring; the ring counts as empty.',
  },
  igb_guest_error_head: {
    args: { register: 'register', head: 'count', size: 'count' },
    doc: 'A head outside its ring.',
  },
  igb_guest_error_ring_length: {
    args: { register: 'register', length: 'bytes' },
    doc: 'A queue was enabled without a usable ring.',
  },
  igb_guest_error_dma: {
    args: { queue: 'queue', address: 'address', length: 'bytes' },
    doc: 'DMA to memory that does not exist.',
  },
  igb_guest_error_tx_descriptor: {
    args: { queue: 'queue', head: 'count', type: 'hex' },
    doc: 'A transmit descriptor of an unknown type.',
  },
  igb_guest_error_tx_length: {
    args: { queue: 'queue', length: 'bytes' },
    doc: 'A packet too long to be sent; it is dropped.',
  },
  igb_guest_error_tx_segment_size: {
    args: { queue: 'queue', size: 'bytes' },
    doc: 'Segmentation without a usable MSS; the packet is dropped.',
  },
  igb_guest_error_vector: { args: { vector: 'vector' }, doc: 'An interrupt for an MSI-X vector that does not exist.' },
  igb_guest_error_phy: {
    args: { phy: 'count', register: 'count' },
    doc: 'MDIO access to a PHY or register that does not exist.',
  },
  igb_guest_error_flash: {
    args: { offset: 'hex', length: 'bytes', value: 'hex' },
    doc: 'A write to the flash while EECD.FWE does not allow it; it is lost.',
  },
  igb_guest_error_nvm: { args: { word: 'count' }, doc: 'Read of an NVM word that does not exist.' },
  igb_guest_error_tx_context: {
    args: { queue: 'queue', slot: 'count' },
    doc: 'A packet asks for what a context descriptor says, and there was none: zeros are used.',
  },
  igb_guest_error_access: {
    args: { function: 'function', offset: 'hex', length: 'bytes', write: 'yes/no' },
    doc: 'An access to registers that is no aligned dword.',
  },
  igb_guest_error_semaphore: { args: { value: 'hex' }, doc: 'A resource was claimed without the semaphore.' },
} as const satisfies Events;

/** Resets. */
const resets = {
  igb_reset_power: { args: {}, doc: 'Power-on reset.' },
  igb_reset_function: { args: {}, doc: 'Function level reset, or return from D3hot.' },
  igb_reset_software: { args: {}, doc: 'CTRL.RST.' },
  igb_reset_phy: { args: { asserted: 'yes/no' }, doc: 'CTRL.PHY_RST.' },
  igb_reset_vf: { args: { vf: 'vf' }, doc: 'A VF was reset.' },
  igb_reset_done: { args: {}, doc: 'The PF said that its reset is done (CTRL_EXT.PFRSTD).' },
} as const satisfies Events;

/** Link, PHY, NVM, semaphores. */
const linkAndPhy = {
  igb_link_status: { args: { up: 'yes/no' }, doc: 'STATUS.LU changed.' },
  igb_link_carrier: { args: { carrier: 'yes/no' }, doc: 'The wire came or went.' },
  igb_link_negotiation_start: { args: {}, doc: 'Auto-negotiation starts.' },
  igb_link_negotiation_done: { args: {}, doc: 'Auto-negotiation is complete.' },
  igb_led_state: {
    args: { led0: LED, led1: LED, led2: LED, led3: LED },
    doc: 'A LED changed.',
  },
  igb_sfp_read: {
    args: { address: 'address', register: 'count', value: 'hex' },
    doc: 'Two bytes of the SFP were read.',
  },
  igb_phy_read: { args: { register: 'count', value: 'hex' }, doc: 'A PHY register was read.' },
  igb_phy_write: { args: { register: 'count', value: 'hex' }, doc: 'A PHY register was written.' },
  igb_nvm_read: { args: { word: 'hex', value: 'hex' }, doc: 'An NVM word was read.' },
  igb_nvm_write: { args: { word: 'hex', value: 'hex' }, doc: 'An NVM word was written.' },
  igb_flash_write: {
    args: { offset: 'hex', length: 'bytes', value: 'hex' },
    doc: 'The flash was programmed through a BAR.',
  },
  igb_semaphore_taken: { args: {}, doc: 'SWSM.SMBI was taken.' },
  igb_semaphore_released: { args: {}, doc: 'SWSM.SMBI was released.' },
  igb_semaphore_resources: { args: { value: 'hex' }, doc: 'SW_FW_SYNC was written.' },
} as const satisfies Events;

/** Transmit. */
const transmit = {
  igb_tx_queue_enabled: { args: { queue: 'queue' }, doc: 'TXDCTL.ENABLE was set.' },
  igb_tx_queue_disabled: { args: { queue: 'queue' }, doc: 'TXDCTL.ENABLE was cleared.' },
  igb_tx_tail: { args: { queue: 'queue', head: 'count', tail: 'count' }, doc: 'TDT was written.' },
  igb_tx_fetch: {
    args: { queue: 'queue', function: 'function', head: 'count', descriptors: 'count', length: 'bytes' },
    doc: 'All descriptors of a packet were fetched: it has a number from here on.',
  },
  igb_tx_descriptor: {
    args: { queue: 'queue', index: 'count', address: 'address', command: 'hex', options: 'hex' },
    doc: 'A descriptor of a packet, as it was fetched.',
  },
  igb_tx_checksum: {
    args: { queue: 'queue', kind: ['IPv4 header', 'transport'], start: 'bytes', by: ['device', 'wire'] },
    doc: 'A checksum that the driver left to the device, and who fills it in.',
  },
  igb_tx_context: {
    args: { queue: 'queue', slot: 'count', headers: 'hex', mss: 'hex' },
    doc: 'A context descriptor was stored.',
  },
  igb_tx_packet: { args: { queue: 'queue', length: 'bytes' }, doc: 'A packet is complete and goes out.' },
  igb_tx_segments: { args: { queue: 'queue', length: 'bytes', size: 'count' }, doc: 'A packet is cut into segments.' },
  igb_tx_write_back: {
    args: { queue: 'queue', head: 'count', what: ['descriptor', 'head'] },
    doc: 'What was fetched is done, and memory says so: up to here, the head excluded.',
  },
  igb_tx_drop_dma: { args: { queue: 'queue', length: 'bytes' }, doc: 'Dropped: the data could not be read.' },
  igb_tx_drop_malformed: {
    args: { queue: 'queue', length: 'bytes' },
    doc: 'Dropped: an offload does not fit the packet.',
  },
  igb_tx_drop_short: { args: { queue: 'queue', length: 'bytes' }, doc: 'Dropped: shorter than an Ethernet header.' },
  igb_tx_drop_endless: {
    args: { queue: 'queue', descriptors: 'count' },
    doc: 'Dropped: more descriptors than a packet may have.',
  },
  igb_tx_drop_link: { args: { queue: 'queue', length: 'bytes' }, doc: 'Dropped: no link.' },
  igb_tx_rate_wait: { args: { queue: 'queue', ns: 'ns' }, doc: 'A queue waits for its rate limit.' },
} as const satisfies Events;

/** Receive. */
const receive = {
  igb_rx_queue_enabled: { args: { queue: 'queue' }, doc: 'RXDCTL.ENABLE was set.' },
  igb_rx_queue_disabled: { args: { queue: 'queue' }, doc: 'RXDCTL.ENABLE was cleared.' },
  igb_rx_tail: { args: { queue: 'queue', head: 'count', tail: 'count' }, doc: 'RDT was written.' },
  igb_rx_frame: {
    args: { length: 'bytes', from: ['wire', 'pool', 'loopback'] },
    doc: 'A frame has come to the receive side.',
  },
  igb_rx_rss: {
    args: { type: RSS_TYPES, hash: 'hex', queues: 'queues' },
    doc: 'The hash of a frame, and the queues that were chosen.',
  },
  igb_rx_descriptor: {
    args: { queue: 'queue', index: 'count', address: 'address', header: 'address' },
    doc: 'A descriptor was fetched: where its buffer lies, and the one for the header where that is split off.',
  },
  igb_rx_write_back: {
    args: { queue: 'queue', index: 'count', length: 'bytes', status: 'hex', held: 'yes/no' },
    doc: 'A descriptor is done and written back, or held until RXDCTL.WTHRESH or the interval of its interrupt.',
  },
  igb_rx_flush: {
    args: { queue: 'queue', descriptors: 'count' },
    doc: 'Write-backs that were held are in memory.',
  },
  igb_rx_packet: {
    args: { queue: 'queue', function: 'function', length: 'bytes' },
    doc: 'A frame is in the memory of a queue.',
  },
  igb_rx_resume: { args: { queue: 'queue' }, doc: 'Descriptors are available again.' },
  igb_rx_drop_disabled: { args: { length: 'bytes' }, doc: 'Dropped: receive is off.' },
  igb_rx_drop_link: { args: { length: 'bytes' }, doc: 'Dropped: no link.' },
  igb_rx_drop_oversize: { args: { length: 'bytes', limit: 'bytes' }, doc: 'Dropped: too long.' },
  igb_rx_drop_fcs: { args: { length: 'bytes' }, doc: 'Dropped: a wrong FCS.' },
  igb_rx_drop_undersize: { args: { length: 'bytes' }, doc: 'Dropped: too short.' },
  igb_rx_drop_offload: {
    args: { length: 'bytes', size: 'count' },
    doc: 'Dropped: the wire asked for segmentation that does not fit the frame.',
  },
  igb_rx_drop_address: { args: { high: 'hex', low: 'hex' }, doc: 'Dropped: no address filter took the destination.' },
  igb_rx_drop_vlan: { args: { vlan: 'VLAN' }, doc: 'Dropped: VLAN filter.' },
  igb_rx_drop_pool: { args: { pools: 'pools' }, doc: 'Dropped: no pool takes it.' },
  igb_rx_drop_queue: { args: { queue: 'queue' }, doc: 'Dropped: the queue is off.' },
  igb_rx_drop_descriptors: { args: { queue: 'queue' }, doc: 'Dropped: no descriptor.' },
  igb_rx_drop_buffer: {
    args: { queues: 'queues', length: 'bytes' },
    doc: 'Dropped: no descriptor, and the packet buffer is full (MPC).',
  },
  igb_rx_drop_reset: {
    args: { queues: 'queues', length: 'bytes' },
    doc: 'Dropped: it waited for descriptors when its queue or the port was reset, or receive was turned off.',
  },
  igb_rx_drop_ring: {
    args: { queue: 'queue' },
    doc: 'Dropped: the ring is outside memory, or too small for the frame.',
  },
  igb_rx_wait: {
    args: { queues: 'queues', length: 'bytes' },
    doc: 'A frame waits in the packet buffer for descriptors (RNBC).',
  },
  igb_rx_drop_dma: { args: { queue: 'queue' }, doc: 'Dropped: the buffer could not be written.' },
  igb_rx_drop_pause: { args: { time: 'count' }, doc: 'Dropped: a pause frame.' },
} as const satisfies Events;

/** Interrupts. */
const interrupts = {
  igb_irq_raise: { args: { causes: 'causes', icr: 'causes', ims: 'causes' }, doc: 'Legacy causes were set.' },
  igb_irq_raise_extended: {
    args: { causes: 'vectors', eicr: 'vectors', eims: 'vectors' },
    doc: 'Extended causes were set.',
  },
  igb_irq_icr_read: { args: { value: 'causes', cleared: 'yes/no' }, doc: 'ICR was read.' },
  igb_irq_icr_write: { args: { value: 'causes' }, doc: 'Causes in ICR were cleared by a write.' },
  igb_irq_ims: { args: { ims: 'causes' }, doc: 'The legacy mask changed.' },
  igb_irq_eicr_read: { args: { value: 'vectors' }, doc: 'EICR was read, which clears it.' },
  igb_irq_eicr_write: { args: { value: 'vectors', eicr: 'vectors' }, doc: 'Causes in EICR were cleared by a write.' },
  igb_irq_eims: {
    args: { eims: 'vectors', unmasked: 'vectors', masked: 'vectors' },
    doc: 'The extended mask was written: a driver that has it masked by EIAM has dealt with the interrupt when it unmasks.',
  },
  igb_irq_queue: {
    args: { queue: 'queue', direction: ['rx', 'tx'], vector: 'vector', masked: 'yes/no' },
    doc: 'Write-backs of a queue ask for an interrupt; masked, it waits for EIMS.',
  },
  igb_irq_no_queue_vector: {
    args: { queue: 'queue', direction: ['rx', 'tx'] },
    doc: 'Write-backs of a queue whose IVAR entry is not valid: only ICR tells of them.',
  },
  igb_irq_auto_clear: {
    args: { vector: 'vector', masked: 'yes/no' },
    doc: 'EIAC acknowledged a cause as it was sent; with EIAM the vector is masked as well.',
  },
  igb_irq_unsent: {
    args: { vector: 'vector', function: 'function' },
    doc: 'A message waits until its function has MSI-X on.',
  },
  igb_irq_throttled: { args: { vector: 'vector', interval: 'µs' }, doc: 'A message waits for its EITR interval.' },
  igb_irq_held: {
    args: { vector: 'vector', wait: 'µs' },
    doc: 'A message of a flooded guest waits longer than EITR asks, so that it tells of more packets.',
  },
  igb_irq_unthrottled: { args: { vector: 'vector' }, doc: 'The wait of a postponed message is over.' },
  igb_irq_msix: {
    args: { vector: 'vector', function: 'function', number: 'count' },
    doc: 'An MSI-X message was sent: a vector of the port, and which of the function it is.',
  },
  igb_irq_msi: { args: {}, doc: 'An MSI message was sent.' },
  igb_irq_intx: { args: { asserted: 'yes/no' }, doc: 'INTx changed.' },
  igb_irq_no_vector: { args: { causes: 'causes' }, doc: 'A cause has no valid IVAR entry.' },
} as const satisfies Events;

/** Pools, VFs, mailboxes. */
const virtualization = {
  igb_mailbox_request: { args: { vf: 'vf', message: 'message' }, doc: 'A VF sent a message.' },
  igb_mailbox_acknowledge: { args: { vf: 'vf' }, doc: 'A VF has read a message.' },
  igb_mailbox_pf_message: { args: { vf: 'vf', message: 'message' }, doc: 'The PF sent a message.' },
  igb_mailbox_pf_acknowledge: { args: { vf: 'vf' }, doc: 'The PF has read a message.' },
  igb_mailbox_refused: {
    args: { vf: 'vf', side: ['VF', 'PF'] },
    doc: 'The buffer was asked for while the other side owns it.',
  },
  igb_mailbox_taken: { args: { vf: 'vf', side: ['VF', 'PF'] }, doc: 'A side owns the buffer now.' },
  igb_mailbox_revoked: { args: { vf: 'vf' }, doc: 'The PF took the buffer from a VF.' },
  igb_vf_live: { args: { vf: 'vf', live: 'yes/no' }, doc: 'A VF got its queues and vectors, or gave them back.' },
  igb_vf_attached: { args: { vf: 'vf', attached: 'yes/no' }, doc: 'A machine of its own took a VF, or has gone.' },
  igb_vf_reg_read: {
    args: { vf: 'vf', register: 'vf register', value: 'value' },
    doc: 'A VF read one of its registers.',
  },
  igb_vf_reg_write: {
    args: { vf: 'vf', register: 'vf register', value: 'value' },
    doc: 'A VF wrote one of its registers.',
  },
  igb_vf_read_nothing: {
    args: { vf: 'vf', register: 'vf register' },
    doc: 'A VF read where it has no register; it gives 0.',
  },
  igb_vf_write_nothing: {
    args: { vf: 'vf', register: 'vf register', value: 'value' },
    doc: 'A VF wrote where it has no register of its own; it is lost.',
  },
  igb_vf_elsewhere: {
    args: { vf: 'vf', bar: 'count', offset: 'hex', write: 'yes/no' },
    doc: 'An access to a VF that belongs to another machine; reads give 0, writes are lost.',
  },
} as const satisfies Events;

/** The switch between pools. */
const localSwitch = {
  igb_switch_route: {
    args: { pool: 'pool', pools: 'pools', wire: 'yes/no', reason: POOL_REASONS, vlan: 'VLAN' },
    doc: 'Where a packet of a pool goes, and why.',
  },
  igb_switch_pools: {
    args: { pools: 'pools', reason: POOL_REASONS, vlan: 'VLAN', mirrored: 'pools' },
    doc: 'Which pools get a frame from the wire, and why; those that get it by a mirror rule are among them.',
  },
  igb_switch_drop: {
    args: { queue: 'queue', length: 'bytes' },
    doc: 'Dropped: the destination is inside and no pool may have it.',
  },
  igb_switch_drop_spoof: {
    args: { queue: 'queue', reason: ['', 'source address', 'VLAN'] },
    doc: 'Dropped: what it says of its sender is not true.',
  },
  igb_switch_storm: {
    args: { broadcast: 'yes/no', length: 'bytes' },
    doc: 'A threshold of storm control is exceeded.',
  },
  igb_switch_drop_storm: { args: { broadcast: 'yes/no', length: 'bytes' }, doc: 'Dropped: storm control.' },
} as const satisfies Events;

/** Flow control. */
const flowControl = {
  igb_flow_received: { args: { time: 'count' }, doc: 'A pause frame is obeyed; 0 is XON.' },
  igb_flow_resume: { args: {}, doc: 'Transmission goes on after a pause.' },
  igb_flow_send: { args: { time: 'count' }, doc: 'A pause frame is sent; 0 is XON.' },
} as const satisfies Events;

/** Power and wake-up. */
const power = {
  igb_power_state: { args: { state: 'count' }, doc: 'The guest changed the power state: 0 is D0, 3 D3hot.' },
  igb_wake: { args: { events: 'hex', length: 'bytes' }, doc: 'A wake-up event, in the bits of WUS.' },
} as const satisfies Events;

/** IEEE 1588. */
const timeSync = {
  igb_time_tx_stamp: { args: { high: 'hex', low: 'hex' }, doc: 'A transmitted packet was stamped.' },
  igb_time_rx_stamp: { args: { high: 'hex', low: 'hex' }, doc: 'A received packet was stamped.' },
  igb_time_target: { args: { channel: 'count', level: 'count' }, doc: 'A target time has come: its output turns.' },
  igb_time_auxiliary_stamp: {
    args: { channel: 'count', high: 'hex', low: 'hex' },
    doc: 'An auxiliary stamp was taken.',
  },
  igb_pin_input: { args: { pin: 'count', level: 'count' }, doc: 'A software-defined pin was driven from outside.' },
  igb_time_increment: { args: { timinca: 'hex' }, doc: 'The clock runs at another rate.' },
} as const satisfies Events;

export const igbTraceEvents = {
  ...registers,
  ...guestErrors,
  ...resets,
  ...linkAndPhy,
  ...transmit,
  ...receive,
  ...interrupts,
  ...virtualization,
  ...localSwitch,
  ...flowControl,
  ...power,
  ...timeSync,
} as const satisfies Events;
