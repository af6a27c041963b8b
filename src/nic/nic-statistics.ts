/** Counters of one NIC by name; wires' counters are prefixed by the netdev's id. */
export type NicStatistics = Readonly<Record<string, number>>;
