import { type CapabilityList, ExtendedId } from '../capability-list.ts';

/** Alternative Routing-ID Interpretation (PCI Express 7.8.8); `nextFunction` is 0 on the last physical function. */
export function addAri(list: CapabilityList, at: number, nextFunction: number): void {
  list.extended(at, ExtendedId.ari, 1);
  list.config.declare({ at: at + 4, size: 2, value: nextFunction << 8 }, { at: at + 6, size: 2 });
}
