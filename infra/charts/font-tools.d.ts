// The two font tools ship no type declarations; this is the part of them that the files here use.
declare module 'opentype.js' {
  type Outline = { commands: { type: string; x?: number; y?: number; x1?: number; y1?: number }[] };
  type Drawn = { index: number; advanceWidth?: number; getPath(x: number, y: number, size: number): Outline };
  class Path {}
  class Glyph {
    constructor(of: { name: string; unicode?: number | undefined; advanceWidth: number; path: Path });
  }
  class Font {
    constructor(of: {
      familyName: string;
      styleName: string;
      unitsPerEm: number;
      ascender: number;
      descender: number;
      glyphs: Glyph[];
    });
    toArrayBuffer(): ArrayBuffer;
  }
  const opentype: {
    parse(bytes: ArrayBufferLike): { unitsPerEm: number; charToGlyph(character: string): Drawn };
    Path: typeof Path;
    Glyph: typeof Glyph;
    Font: typeof Font;
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
