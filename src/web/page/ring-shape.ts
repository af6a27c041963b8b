/** Places on a drawn ring: index 0 is at the top, and it goes clockwise. */

/** x and y of a share of the way around. */
export function placeOn(share: number, radius: number): [number, number] {
  const angle = share * 2 * Math.PI;
  // Plus 0: there is no -0 to be drawn.
  const round = (value: number): number => Number(value.toFixed(2)) + 0;
  return [round(radius * Math.sin(angle)), round(-radius * Math.cos(angle))];
}

/** Path of the stretch of `share` of the ring that begins at `from`; '' where there is nothing of it. */
export function arcOf(from: number, share: number, radius: number): string {
  if (share <= 0 || !Number.isFinite(from + share)) return '';
  // A whole turn would end where it begins, and be nothing.
  const part = Math.min(share, 0.9999);
  const [x, y] = placeOn(from, radius);
  const [toX, toY] = placeOn(from + part, radius);
  return `M${x} ${y}A${radius} ${radius} 0 ${part > 0.5 ? 1 : 0} 1 ${toX} ${toY}`;
}
