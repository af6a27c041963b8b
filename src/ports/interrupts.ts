/**
 * The interrupt pins and messages of one function. Messages raised in a turn leave after all memory writes made before
 * them in that turn.
 */
export interface InterruptPort {
  /** The guest enabled MSI-X in config space. */
  readonly msixEnabled: boolean;
  readonly msiEnabled: boolean;
  /** Sends MSI-X vector `vector`, or notes it as pending while it is masked. A vector that does not exist is ignored. */
  sendMsix(vector: number): void;
  /** Forgets that a vector is pending. */
  clearPending(vector: number): void;
  sendMsi(): void;
  /** Drives the level of INTx; repeated calls with the same level do nothing. */
  setIntx(asserted: boolean): void;
}
