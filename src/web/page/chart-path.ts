/** Points of a line, right-aligned: `M x y L x y …`; '' where there is none. */
export function pathOf(
  values: readonly number[],
  points: number,
  highest: number,
  width: number,
  height: number,
): string {
  const first = points - values.length;
  const place = (value: number, index: number): string => {
    const x = ((first + index) / (points - 1)) * width;
    return `${x.toFixed(1)} ${(height - (Math.min(value, highest) / highest) * height).toFixed(1)}`;
  };
  return values.length === 0 ? '' : `M${values.map(place).join('L')}`;
}
