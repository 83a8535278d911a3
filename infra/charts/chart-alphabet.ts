// Every character a chart can draw, by the file of the font that has it. Anything else is refused by the chart's schema,
// never drawn as an empty box.

function range(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String.fromCodePoint(from + index));
}

/**
 * ASCII, the printable half of Latin-1 (without the soft hyphen), dashes, quotes, bullet, ellipsis, euro, minus; and for
 * titles the letters of Greek, Russian and Ukrainian.
 */
export const CHART_SCRIPTS = {
  latin: [...range(0x20, 0x7e), ...range(0xa0, 0xac), ...range(0xae, 0xff), ...'–—‘’“”•…€−'],
  greek: [...range(0x391, 0x3a1), ...range(0x3a3, 0x3ce), ...'ΆΈΉΊΌΎΏ'],
  cyrillic: [...range(0x410, 0x44f), ...'ЁёЄєІіЇїҐґ'],
} as const satisfies Record<string, readonly string[]>;

export const CHART_ALPHABET: readonly string[] = Object.values(CHART_SCRIPTS).flat();
