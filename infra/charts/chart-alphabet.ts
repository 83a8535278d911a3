// Every character a chart can draw. Anything else is refused by the chart's schema, never drawn as an empty box.

function range(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String.fromCodePoint(from + index));
}

/** ASCII, the printable half of Latin-1 (without the soft hyphen), dashes, quotes, bullet, ellipsis, euro, minus. */
export const CHART_ALPHABET: readonly string[] = [
  ...range(0x20, 0x7e),
  ...range(0xa0, 0xac),
  ...range(0xae, 0xff),
  ...'–—‘’“”•…€−',
];
