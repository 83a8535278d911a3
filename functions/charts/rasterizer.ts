// SVG -> pixels, by resvg compiled to WebAssembly. Invariants: one instance per process, because a second
// initialisation throws ("Already initialized"); a failed one may be tried again; both objects of every render are
// freed, because their memory is not the garbage collector's (3 MB a render otherwise, in a Worker of 128 MB).
// Only pixels are taken: resvg's own PNG encoder costs three times the drawing. A large page is drawn in bands, because
// WebAssembly's memory holds every pixel twice and is never given back.
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import type { PixelImage } from './png-writer.ts';

export type WasmSource = WebAssembly.Module | Uint8Array<ArrayBuffer> | ArrayBuffer;
export type Rasterizer = { rasterize(svg: string): Promise<PixelImage> };

let ready: Promise<void> | undefined;

async function initialise(loadWasm: () => Promise<WasmSource>): Promise<void> {
  await initWasm(await loadWasm());
}

/**
 * A rasterizer of SVG documents at their own size. `loadWasm` gives `@resvg/resvg-wasm/index_bg.wasm` (a compiled
 * module on Workers, bytes elsewhere) and is called at the first use only, by whichever rasterizer comes first.
 */
export function createRasterizer(loadWasm: () => Promise<WasmSource>): Rasterizer {
  return {
    async rasterize(svg) {
      ready ??= initialise(loadWasm);
      const attempt = ready;
      try {
        await attempt;
      } catch (error) {
        // Several may wait for one failed attempt; only the attempt itself is forgotten, never a newer one.
        if (ready === attempt) ready = undefined;
        throw error;
      }
      return pixelsOf(svg);
    },
  };
}

/** Pixels that are drawn at once: 8 MiB, which a page of 1200 x 630 is well below. */
const BAND_PIXELS = 2_097_152;
const PAGE = /^(<svg [^>]*?)width="(\d+)" height="(\d+)" viewBox="0 0 \d+ \d+"/;

/** The page in bands of whole rows; where a slant meets the edge of one, its antialiasing may round otherwise. */
function pixelsOf(svg: string): PixelImage {
  const [page = '', start = '', wide = '0', high = '0'] = PAGE.exec(svg) ?? [];
  const [width, height] = [Number(wide), Number(high)];
  if (width * height <= BAND_PIXELS) return drawn(svg);
  const rest = svg.slice(page.length);
  const rows = Math.max(1, Math.floor(BAND_PIXELS / width));
  const pixels = new Uint8Array(width * height * 4);
  for (let top = 0; top < height; top += rows) {
    const band = Math.min(rows, height - top);
    const view = `width="${width}" height="${band}" viewBox="0 ${top} ${width} ${band}"`;
    pixels.set(drawn(`${start}${view}${rest}`).pixels, top * width * 4);
  }
  return { width, height, pixels };
}

function drawn(svg: string): PixelImage {
  const document = new Resvg(svg, { font: { loadSystemFonts: false } });
  try {
    const image = document.render();
    try {
      return { width: image.width, height: image.height, pixels: image.pixels };
    } finally {
      image.free();
    }
  } finally {
    document.free();
  }
}
