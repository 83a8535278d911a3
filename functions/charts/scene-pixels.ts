// Scene -> pixels. The rasterizer draws slanted shapes and every glyph; but a glyph it draws once, and texts that nothing
// covers are set from those masks afterwards, because letters would be half of its work otherwise; flat rectangles are
// filled here. A large page is drawn in bands, because WebAssembly's memory holds every pixel twice and is never given back.
// Invariant: a text is set last only where no later mark could touch it; else the rasterizer draws it in its place.
import { paintFills, splitMarks } from './flat-fills.ts';
import { type GlyphMask, placedMasks } from './glyph-masks.ts';
import { lateTexts } from './late-texts.ts';
import { type BandedImage, discard, type PixelImage } from './png-writer.ts';
import type { Rasterizer } from './rasterizer.ts';
import type { Scene } from './scene.ts';
import { writeRasterSvg } from './svg-writer.ts';

/** Pixels that are drawn at once: 8 MiB, which a page of 1200 x 630 is well below. */
const BAND_PIXELS = 2_097_152;

/** Blends a colour over opaque pixels where the mask covers them; `y` is that of the baseline in the image. */
function blend(image: PixelImage, mask: GlyphMask, x: number, y: number, rgb: readonly number[]): void {
  const { width, height, pixels } = image;
  const { coverage, width: wide } = mask;
  const [red = 0, green = 0, blue = 0] = rgb;
  const left = x + mask.left;
  const [from, to] = [Math.max(0, -left), Math.min(wide, width - left)];
  const last = Math.min(mask.height, height - y - mask.top);
  for (let row = Math.max(0, -y - mask.top); row < last; row += 1) {
    const start = (y + mask.top + row) * width + left;
    for (let column = from; column < to; column += 1) {
      const cover = coverage[row * wide + column] ?? 0;
      if (cover === 0) continue;
      const pixel = (start + column) * 4;
      const [r, g, b] = [pixels[pixel] ?? 0, pixels[pixel + 1] ?? 0, pixels[pixel + 2] ?? 0];
      pixels[pixel] = Math.round(r + ((red - r) * cover) / 255);
      pixels[pixel + 1] = Math.round(g + ((green - g) * cover) / 255);
      pixels[pixel + 2] = Math.round(b + ((blue - b) * cover) / 255);
    }
  }
}

/** The pixels of a scene in bands of whole rows. Throws when the rasterizer cannot start or draw. */
export async function* sceneBands(scene: Scene, rasterizer: Rasterizer): AsyncGenerator<PixelImage> {
  const { width, height, marks } = scene;
  const late = lateTexts(marks);
  const texts = marks.filter((mark) => mark.kind === 'text').filter((mark) => late.has(mark));
  const { shapes, fills } = splitMarks(scene, marks, late);
  const placed = await placedMasks(texts, rasterizer);
  const rows = width * height <= BAND_PIXELS ? height : Math.max(1, Math.floor(BAND_PIXELS / width));
  for (let top = 0; top < height; top += rows) {
    const band = { top, height: Math.min(rows, height - top) };
    const image = await rasterizer.rasterize(writeRasterSvg({ ...scene, marks: shapes }, band));
    paintFills(image, top, fills);
    for (const { text, glyphs } of placed) {
      const rgb = [1, 3, 5].map((at) => Number.parseInt(text.fill.slice(at, at + 2), 16));
      for (const { mask, x, y } of glyphs) blend(image, mask, x, y - top, rgb);
    }
    yield image;
    discard(image.pixels);
  }
}

/** A scene as a picture in bands. */
export function bandedScene(scene: Scene, rasterizer: Rasterizer): BandedImage {
  const { width, height } = scene;
  return { width, height, bands: () => sceneBands(scene, rasterizer) };
}

/** All pixels of a scene at once. */
export async function scenePixels(scene: Scene, rasterizer: Rasterizer): Promise<PixelImage> {
  const { width, height } = scene;
  const pixels = new Uint8Array(width * height * 4);
  let at = 0;
  for await (const band of sceneBands(scene, rasterizer)) {
    if (band.height === height) return band;
    pixels.set(band.pixels, at);
    at += band.pixels.length;
  }
  return { width, height, pixels };
}
