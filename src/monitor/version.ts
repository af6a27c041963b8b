/** Who answers: QMP's clients look at the QEMU version for what they may ask. */
export const version = { qemu: { micro: 0, minor: 1, major: 11 }, package: 'Outboard 0.1.0' } as const;
