// SVG -> pixels, by resvg compiled to WebAssembly. Invariants: one instance per process, because a second
// initialisation throws ("Already initialized"); a failed one may be tried again; both objects of every render are
// freed, because their memory is not the garbage collector's (3 MB a render otherwise, in a Worker of 128 MB).
// Only pixels are taken: resvg's own PNG encoder costs three times the drawing.
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
      return drawn(svg);
    },
  };
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
