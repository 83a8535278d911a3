// Scene -> pixels. The rasterizer draws all shapes and every glyph; but a glyph it draws once, and texts that nothing covers
// are set from those masks afterwards, because letters would be half of its work otherwise.
// Invariant: a text is set last only where no later mark could touch it; else the rasterizer draws it in its place.
import { type GlyphMask, placedMasks } from './glyph-masks.ts';
import { type Mark, type Rect, type TextMark, textBox } from './mark.ts';
import type { PixelImage } from './png-writer.ts';
import type { Rasterizer } from './rasterizer.ts';
import type { Scene } from './scene.ts';
import { writeRasterSvg } from './svg-writer.ts';

/** Larger letters are few (the watermark), and their masks would fill the store. */
const MAX_SIZE = 60;

/** How far a mark reaches, lines with their width. */
function boundsOf(mark: Mark): Rect[] {
  switch (mark.kind) {
    case 'rects':
      return [...mark.rects];
    case 'text':
      return [];
    default: {
      const points = mark.kind === 'line' ? [mark.from, mark.to] : mark.points;
      const reach = mark.kind === 'polygon' ? 0 : mark.width;
      const xs = points.map(({ x }) => x);
      const ys = points.map(({ y }) => y);
      const low = (values: readonly number[]) =>
        values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
      const high = (values: readonly number[]) =>
        values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      const [x, y] = [low(xs) - reach, low(ys) - reach];
      return [{ x, y, width: high(xs) + reach - x, height: high(ys) + reach - y }];
    }
  }
}

/** A text's box with room for descenders and accents. */
function reachOf(mark: TextMark): Rect {
  const { x, y, width, height } = textBox(mark);
  const spare = Math.ceil(mark.size * 0.35);
  return { x: x - 2, y: y - spare, width: width + 4, height: height + 2 * spare };
}

const meet = (one: Rect, other: Rect): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;

/** The texts that may be set last. */
function lateTexts(marks: readonly Mark[]): Set<TextMark> {
  const late = new Set<TextMark>();
  const later: Rect[] = [];
  for (const mark of marks.toReversed()) {
    if (mark.kind !== 'text') {
      for (const rect of boundsOf(mark)) later.push(rect);
      continue;
    }
    const small = mark.size <= MAX_SIZE && mark.opacity === undefined && Number.isInteger(mark.y);
    const box = reachOf(mark);
    if (small && !later.some((rect) => meet(rect, box))) late.add(mark);
    else later.push(box);
  }
  return late;
}

/** Blends a colour over opaque pixels where the mask covers them. */
function blend(image: PixelImage, mask: GlyphMask, x: number, y: number, rgb: readonly number[]): void {
  const { width, height, pixels } = image;
  for (let row = 0; row < mask.height; row += 1) {
    const to = y + mask.top + row;
    if (to < 0 || to >= height) continue;
    for (let column = 0; column < mask.width; column += 1) {
      const cover = mask.coverage[row * mask.width + column] ?? 0;
      const at = x + mask.left + column;
      if (cover === 0 || at < 0 || at >= width) continue;
      const pixel = (to * width + at) * 4;
      for (let channel = 0; channel < 3; channel += 1) {
        const under = pixels[pixel + channel] ?? 0;
        pixels[pixel + channel] = Math.round(under + (((rgb[channel] ?? 0) - under) * cover) / 255);
      }
    }
  }
}

/** The pixels of a scene. Throws when the rasterizer cannot start or draw. */
export async function scenePixels(scene: Scene, rasterizer: Rasterizer): Promise<PixelImage> {
  const late = lateTexts(scene.marks);
  const shapes = scene.marks.filter((mark) => mark.kind !== 'text' || !late.has(mark));
  const texts = scene.marks.flatMap((mark) => (mark.kind === 'text' && late.has(mark) ? [mark] : []));
  const image = await rasterizer.rasterize(writeRasterSvg({ ...scene, marks: shapes }));
  for (const { text, glyphs } of await placedMasks(texts, rasterizer)) {
    const rgb = [1, 3, 5].map((at) => Number.parseInt(text.fill.slice(at, at + 2), 16));
    for (const { mask, x, y } of glyphs) blend(image, mask, x, y, rgb);
  }
  return image;
}
