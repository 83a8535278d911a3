/**
 * Lays out a chart's header with satori (CSS flexbox by Yoga, compiled to WebAssembly). Only its places are taken: words
 * and boxes become marks of our own. It measures with a font that has our advances and no outlines (4.7 KB), so a text is as
 * wide as it will be drawn. Invariants: loaded and started at the first header, not before; a failed start may be tried
 * again. Satori stays at 0.32: later ones compile WebAssembly from bytes, which Workers forbid.
 */

import { fontSizeFor } from './chart-layout.ts';
import type { FontWeight } from './glyphs.ts';
import { textWidth } from './glyphs.ts';
import measures from './header-font.json' with { type: 'json' };
import { headerMarks, type LaidBox, type LaidHeader } from './header-marks.ts';
import { CARD_FILL, headerTree } from './header-tree.ts';
import { headerWords } from './header-words.ts';
import { paletteOf } from './palette.ts';
import type { WasmSource } from './rasterizer.ts';
import type { ResolvedChart } from './resolved-chart.ts';

/** The header of a chart, laid out; undefined for a chart that has none. */
export type HeaderLayout = (chart: ResolvedChart) => Promise<LaidHeader | undefined>;

type Satori = typeof import('satori/standalone').default;
type Font = { name: string; data: ArrayBuffer; weight: FontWeight; style: 'normal' };
type Started = { satori: Satori; fonts: Font[] };

let ready: Promise<Started> | undefined;

function fontOf(weight: FontWeight): Font {
  const bytes = Uint8Array.from(atob(measures[weight]), (character) => character.charCodeAt(0));
  return { name: 'Chart', data: bytes.buffer, weight, style: 'normal' };
}

async function start(loadWasm: () => Promise<WasmSource>): Promise<Started> {
  const { default: satori, init } = await import('satori/standalone');
  await init(await loadWasm());
  return { satori, fonts: [fontOf(400), fontOf(600)] };
}

/** `loadWasm` gives `satori/yoga.wasm`: a compiled module on Workers, bytes elsewhere; called at the first header only. */
export function createHeaderLayout(loadWasm: () => Promise<WasmSource>): HeaderLayout {
  return async (chart) => {
    const words = headerWords(chart);
    if (words === undefined) return undefined;
    ready ??= start(loadWasm);
    const attempt = ready;
    try {
      const { satori, fonts } = await attempt;
      const { size } = chart;
      const boxes: LaidBox[] = [];
      const svg = await satori(headerTree(words, fontSizeFor(size), paletteOf(chart)), {
        ...{ width: size.width * size.scale, embedFont: false, fonts },
        onNodeDetected: ({ left, top, width, height, props }) => {
          const fill: unknown = props['style']?.[CARD_FILL];
          if (typeof fill === 'string') boxes.push({ left, top, width, height, fill });
        },
      });
      return headerMarks(svg, boxes, ({ text, weight, size: px }) => textWidth(text, weight, px));
    } catch (error) {
      // Several may wait for one failed start; only that is forgotten, never a newer one.
      if (ready === attempt) ready = undefined;
      throw error;
    }
  };
}
