/**
 * Trace events of the 82576: a name says the block and what happened, the format its numbers (`%x` hexadecimal, `%u`,
 * `%d`). One event for each reason, so that `--trace 'igb_rx_drop_*'` selects what it says. Grouped by block; append to
 * the group that you work on.
 */
import type { TraceEventSpec } from '../../ports/index.ts';

type Events = Readonly<Record<string, TraceEventSpec>>;

/** Register accesses by software. */
const registers = {
  igb_reg_read: { format: 'offset 0x%x value 0x%x', doc: 'A register was read.' },
  igb_reg_write: { format: 'offset 0x%x value 0x%x', doc: 'A register was written.' },
  igb_reg_read_unknown: { format: 'offset 0x%x', doc: 'A read where no register is declared; it gives 0.' },
  igb_reg_write_unknown: {
    format: 'offset 0x%x value 0x%x',
    doc: 'A write where no register is declared; it is lost.',
  },
  igb_reg_inert: { format: 'offset 0x%x', doc: 'First use of a register on which nothing acts.' },
} as const satisfies Events;

/** Mistakes of the guest: what hardware does is done, and counted. */
const guestErrors = {
  igb_guest_error_register_read_only: { format: 'offset 0x%x value 0x%x', doc: 'A write to a read-only register.' },
  igb_guest_error_register_access: {
    format: 'offset 0x%x size %u',
    doc: 'A register access that is not an aligned dword.',
  },
  igb_guest_error_tail: {
    format: 'offset 0x%x tail %u of %u',
    doc: 'A tail outside its ring; the ring counts as empty.',
  },
  igb_guest_error_head: { format: 'offset 0x%x head %u of %u', doc: 'A head outside its ring.' },
  igb_guest_error_ring_length: { format: 'offset 0x%x length %u', doc: 'A queue was enabled without a usable ring.' },
  igb_guest_error_dma: { format: 'queue %u address 0x%x length %u', doc: 'DMA to memory that does not exist.' },
  igb_guest_error_tx_descriptor: {
    format: 'queue %u head %u type 0x%x',
    doc: 'A transmit descriptor of an unknown type.',
  },
  igb_guest_error_tx_context: { format: 'queue %u head %u', doc: 'Lengths of a context do not fit the packet.' },
  igb_guest_error_tx_length: { format: 'queue %u length %u', doc: 'A packet too long to be sent; it is dropped.' },
  igb_guest_error_tx_segment_size: {
    format: 'queue %u size %u',
    doc: 'Segmentation without a usable MSS; the packet is dropped.',
  },
  igb_guest_error_rx_buffer: { format: 'queue %u size %u', doc: 'A receive queue without a usable buffer size.' },
  igb_guest_error_vector: { format: 'vector %u', doc: 'An interrupt for an MSI-X vector that does not exist.' },
  igb_guest_error_phy: { format: 'phy %u register %u', doc: 'MDIO access to a PHY or register that does not exist.' },
  igb_guest_error_nvm: { format: 'word %u', doc: 'Read of an NVM word that does not exist.' },
  igb_guest_error_semaphore: { format: 'value 0x%x', doc: 'A resource was claimed without the semaphore.' },
} as const satisfies Events;

/** Resets. */
const resets = {
  igb_reset_power: { format: '', doc: 'Power-on reset.' },
  igb_reset_function: { format: '', doc: 'Function level reset, or return from D3hot.' },
  igb_reset_software: { format: '', doc: 'CTRL.RST.' },
  igb_reset_phy: { format: 'asserted %u', doc: 'CTRL.PHY_RST.' },
  igb_reset_vf: { format: 'vf %u', doc: 'A VF was reset.' },
  igb_reset_done: { format: '', doc: 'The PF said that its reset is done (CTRL_EXT.PFRSTD).' },
} as const satisfies Events;

/** Link, PHY, NVM, semaphores. */
const linkAndPhy = {
  igb_link_status: { format: 'up %u', doc: 'STATUS.LU changed.' },
  igb_link_carrier: { format: 'carrier %u', doc: 'The wire came or went.' },
  igb_link_negotiation_start: { format: '', doc: 'Auto-negotiation starts.' },
  igb_link_negotiation_done: { format: '', doc: 'Auto-negotiation is complete.' },
  igb_led_state: {
    format: 'led0 %u led1 %u led2 %u led3 %u',
    doc: 'A LED changed: 0 off, 1 on, 2 blinking, 3 flickering with traffic.',
  },
  igb_sfp_read: { format: 'address %u register %u value 0x%x', doc: 'Two bytes of the SFP were read.' },
  igb_phy_read: { format: 'register %u value 0x%x', doc: 'A PHY register was read.' },
  igb_phy_write: { format: 'register %u value 0x%x', doc: 'A PHY register was written.' },
  igb_nvm_read: { format: 'word 0x%x value 0x%x', doc: 'An NVM word was read.' },
  igb_nvm_write: { format: 'word 0x%x value 0x%x', doc: 'An NVM word was written.' },
  igb_semaphore_taken: { format: '', doc: 'SWSM.SMBI was taken.' },
  igb_semaphore_released: { format: '', doc: 'SWSM.SMBI was released.' },
  igb_semaphore_resources: { format: 'value 0x%x', doc: 'SW_FW_SYNC was written.' },
} as const satisfies Events;

/** Transmit. */
const transmit = {
  igb_tx_queue_enabled: { format: 'queue %u', doc: 'TXDCTL.ENABLE was set.' },
  igb_tx_queue_disabled: { format: 'queue %u', doc: 'TXDCTL.ENABLE was cleared.' },
  igb_tx_descriptor: { format: 'queue %u head %u command 0x%x options 0x%x', doc: 'A data descriptor was fetched.' },
  igb_tx_context: { format: 'queue %u slot %u headers 0x%x mss 0x%x', doc: 'A context descriptor was stored.' },
  igb_tx_packet: { format: 'queue %u length %u', doc: 'A packet is complete and goes out.' },
  igb_tx_segments: { format: 'queue %u length %u size %u', doc: 'A packet is cut into segments.' },
  igb_tx_write_back: { format: 'queue %u head %u', doc: 'A descriptor, or the head, was written back.' },
  igb_tx_drop_dma: { format: 'queue %u length %u', doc: 'Dropped: the data could not be read.' },
  igb_tx_drop_malformed: { format: 'queue %u length %u', doc: 'Dropped: an offload does not fit the packet.' },
  igb_tx_drop_short: { format: 'queue %u length %u', doc: 'Dropped: shorter than an Ethernet header.' },
  igb_tx_drop_endless: { format: 'queue %u descriptors %u', doc: 'Dropped: more descriptors than a packet may have.' },
  igb_tx_drop_link: { format: 'queue %u length %u', doc: 'Dropped: no link.' },
  igb_tx_rate_wait: { format: 'queue %u ns %u', doc: 'A queue waits for its rate limit.' },
} as const satisfies Events;

/** Receive. */
const receive = {
  igb_rx_queue_enabled: { format: 'queue %u', doc: 'RXDCTL.ENABLE was set.' },
  igb_rx_queue_disabled: { format: 'queue %u', doc: 'RXDCTL.ENABLE was cleared.' },
  igb_rx_packet: { format: 'length %u queue %u', doc: 'A frame was accepted for a queue.' },
  igb_rx_rss: { format: 'type %u hash 0x%x queue %u', doc: 'A hash chose the queue.' },
  igb_rx_descriptor: { format: 'queue %u head %u length %u status 0x%x', doc: 'A descriptor was written back.' },
  igb_rx_resume: { format: 'queue %u', doc: 'Descriptors are available again.' },
  igb_rx_drop_disabled: { format: 'length %u', doc: 'Dropped: receive is off.' },
  igb_rx_drop_link: { format: 'length %u', doc: 'Dropped: no link.' },
  igb_rx_drop_oversize: { format: 'length %u limit %u', doc: 'Dropped: too long.' },
  igb_rx_drop_undersize: { format: 'length %u', doc: 'Dropped: too short.' },
  igb_rx_drop_offload: {
    format: 'length %u size %u',
    doc: 'Dropped: the wire asked for segmentation that does not fit the frame.',
  },
  igb_rx_drop_address: { format: 'high 0x%x low 0x%x', doc: 'Dropped: no address filter took the destination.' },
  igb_rx_drop_vlan: { format: 'vlan %u', doc: 'Dropped: VLAN filter.' },
  igb_rx_drop_pool: { format: 'pools 0x%x', doc: 'Dropped: no pool takes it.' },
  igb_rx_drop_queue: { format: 'queue %u', doc: 'Dropped: the queue is off.' },
  igb_rx_drop_descriptors: { format: 'queue %u', doc: 'Dropped: no descriptor.' },
  igb_rx_drop_buffer: {
    format: 'queues 0x%x length %u',
    doc: 'Dropped: no descriptor, and the packet buffer is full (MPC).',
  },
  igb_rx_drop_ring: { format: 'queue %u', doc: 'Dropped: the ring is outside memory, or too small for the frame.' },
  igb_rx_wait: { format: 'queues 0x%x length %u', doc: 'A frame waits in the packet buffer for descriptors (RNBC).' },
  igb_rx_drop_dma: { format: 'queue %u', doc: 'Dropped: the buffer could not be written.' },
  igb_rx_drop_pause: { format: 'time %u', doc: 'Dropped: a pause frame.' },
} as const satisfies Events;

/** Interrupts. */
const interrupts = {
  igb_irq_raise: { format: 'causes 0x%x icr 0x%x ims 0x%x', doc: 'Legacy causes were set.' },
  igb_irq_raise_extended: { format: 'causes 0x%x eicr 0x%x eims 0x%x', doc: 'Extended causes were set.' },
  igb_irq_icr_read: { format: 'value 0x%x cleared %u', doc: 'ICR was read.' },
  igb_irq_icr_write: { format: 'value 0x%x', doc: 'Causes in ICR were cleared by a write.' },
  igb_irq_ims: { format: 'ims 0x%x', doc: 'The legacy mask changed.' },
  igb_irq_eims: { format: 'eims 0x%x', doc: 'The extended mask changed.' },
  igb_irq_masked: { format: 'causes 0x%x', doc: 'Causes wait for their mask.' },
  igb_irq_throttled: { format: 'vector %u interval %u', doc: 'A message waits for its EITR interval.' },
  igb_irq_unthrottled: { format: 'vector %u', doc: 'The interval of a postponed message is over.' },
  igb_irq_msix: { format: 'vector %u', doc: 'An MSI-X message was sent.' },
  igb_irq_msi: { format: '', doc: 'An MSI message was sent.' },
  igb_irq_intx: { format: 'level %u', doc: 'INTx changed.' },
  igb_irq_no_vector: { format: 'source %u', doc: 'A cause has no valid IVAR entry.' },
} as const satisfies Events;

/** Pools, VFs, mailboxes. */
const virtualization = {
  igb_mailbox_request: { format: 'vf %u', doc: 'A VF sent a message.' },
  igb_mailbox_acknowledge: { format: 'vf %u', doc: 'A VF has read a message.' },
  igb_mailbox_pf_message: { format: 'vf %u', doc: 'The PF sent a message.' },
  igb_mailbox_pf_acknowledge: { format: 'vf %u', doc: 'The PF has read a message.' },
  igb_mailbox_refused: { format: 'vf %u by_pf %u', doc: 'The buffer was asked for while the other side owns it.' },
  igb_mailbox_revoked: { format: 'vf %u', doc: 'The PF took the buffer from a VF.' },
  igb_vf_live: { format: 'vf %u live %u', doc: 'A VF got its queues and vectors, or gave them back.' },
  igb_vf_attached: { format: 'vf %u attached %u', doc: 'A machine of its own took a VF, or has gone.' },
  igb_vf_read_nothing: { format: 'vf %u offset 0x%x', doc: 'A VF read where it has no register; it gives 0.' },
  igb_vf_write_nothing: {
    format: 'vf %u offset 0x%x value 0x%x',
    doc: 'A VF wrote where it has no register of its own; it is lost.',
  },
  igb_vf_elsewhere: {
    format: 'vf %u bar %u offset 0x%x write %u',
    doc: 'An access to a VF that belongs to another machine; reads give 0, writes are lost.',
  },
} as const satisfies Events;

/** The switch between pools. */
const localSwitch = {
  igb_switch_drop: { format: 'queue %u length %u', doc: 'Dropped: the destination is inside and no pool may have it.' },
  igb_switch_drop_spoof: {
    format: 'queue %u reason %u',
    doc: 'Dropped: spoofed; reason 1 is the source address, 2 the VLAN.',
  },
  igb_switch_storm: { format: 'broadcast %u length %u', doc: 'A threshold of storm control is exceeded.' },
  igb_switch_drop_storm: { format: 'broadcast %u length %u', doc: 'Dropped: storm control.' },
} as const satisfies Events;

/** IEEE 1588. */
const timeSync = {
  igb_time_tx_stamp: { format: 'high 0x%x low 0x%x', doc: 'A transmitted packet was stamped.' },
  igb_time_rx_stamp: { format: 'high 0x%x low 0x%x', doc: 'A received packet was stamped.' },
  igb_time_increment: { format: 'timinca 0x%x', doc: 'The clock runs at another rate.' },
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
  ...timeSync,
} as const satisfies Events;
