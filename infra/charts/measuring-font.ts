// A font that can be measured and not drawn: every glyph has its advance and no outline.
import opentype from 'opentype.js';

/** Of IBM Plex Sans, in thousandths of the size (its `hhea` table). */
const ASCENDER = 1025;
const DESCENDER = -275;
/** Tables that the layout engine's reader stumbles over or has no use for. */
const LEFT_OUT = new Set(['ltag', 'meta', 'GSUB', 'GPOS']);
const DIRECTORY_AT = 12;
const ENTRY_BYTES = 16;

type Table = { entry: Uint8Array; data: Uint8Array };

/** The file with some of its tables left out (OpenType 1.9: a directory, then the tables on whole words). */
function withoutTables(font: Uint8Array): Uint8Array {
  const view = new DataView(font.buffer, font.byteOffset, font.byteLength);
  const tables = Array.from({ length: view.getUint16(4) }, (_, i): Table => {
    const at = DIRECTORY_AT + ENTRY_BYTES * i;
    const start = view.getUint32(at + 8);
    return {
      entry: font.slice(at, at + ENTRY_BYTES),
      data: font.slice(start, start + view.getUint32(at + 12)),
    };
  }).filter(({ entry }) => !LEFT_OUT.has(String.fromCharCode(...entry.subarray(0, 4))));
  const sizes = tables.map(({ data }) => Math.ceil(data.length / 4) * 4);
  const head = DIRECTORY_AT + ENTRY_BYTES * tables.length;
  const out = new Uint8Array(head + sizes.reduce((sum, size) => sum + size, 0));
  out.set(font.subarray(0, 4));
  const written = new DataView(out.buffer);
  written.setUint16(4, tables.length);
  let at = head;
  for (const [i, { entry, data }] of tables.entries()) {
    out.set(entry, DIRECTORY_AT + ENTRY_BYTES * i);
    written.setUint32(DIRECTORY_AT + ENTRY_BYTES * i + 8, at);
    out.set(data, at);
    at += sizes[i] ?? 0;
  }
  return out;
}

/** An OpenType font, in base64, with the advances of glyph data: `<advance> <path>` by character. */
export function measuringFont(glyphs: Record<string, string>, unitsPerEm: number): string {
  const empty = () => new opentype.Path();
  const notdef = new opentype.Glyph({ name: '.notdef', advanceWidth: 500, path: empty() });
  const drawn = Object.entries(glyphs).map(([character, entry], i) => {
    const [unicode, advanceWidth] = [character.codePointAt(0), Number.parseInt(entry, 10)];
    return new opentype.Glyph({ name: `g${i}`, unicode, advanceWidth, path: empty() });
  });
  const font = new opentype.Font({
    ...{ familyName: 'Chart', styleName: 'Regular', unitsPerEm, ascender: ASCENDER, descender: DESCENDER },
    glyphs: [notdef, ...drawn],
  });
  return Buffer.from(withoutTables(new Uint8Array(font.toArrayBuffer()))).toString('base64');
}
