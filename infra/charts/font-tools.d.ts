// The two font tools ship no type declarations; this is the part of them that build-glyphs.ts uses.
declare module 'opentype.js' {
  type Outline = { commands: { type: string; x?: number; y?: number; x1?: number; y1?: number }[] };
  type Glyph = { index: number; advanceWidth?: number; getPath(x: number, y: number, size: number): Outline };
  const opentype: {
    parse(bytes: ArrayBufferLike): { unitsPerEm: number; charToGlyph(character: string): Glyph };
  };
  export default opentype;
}

declare module 'subset-font' {
  export default function subsetFont(
    font: Uint8Array,
    text: string,
    options: { targetFormat: 'truetype' },
  ): Promise<Uint8Array>;
}
