// The legend, top left: symbol, time frame, last bar, change, indicators in their colours, on a plate so that candles
// do not run through it. Invariants: a row never leaves the plot; rows that would take too much of it are left out.
import { type FontWeight, textWidth } from './glyphs.ts';
import { centredBaseline, type Mark, type Rect } from './mark.ts';

export type LegendPart = { text: string; weight: FontWeight; fill: string };
/** Parts that stay together on a row. */
export type LegendGroup = { role: string; parts: readonly LegendPart[] };
export type Legend = { marks: Mark[]; height: number };

/** The legend may take this share of the plot's height. */
const MAX_SHARE = 0.34;
const PLATE_OPACITY = 0.86;

type Placed = { role: string; part: LegendPart; x: number; row: number };
type Flow = { placed: Placed[]; width: number; rows: number };

function partWidths(parts: readonly LegendPart[], size: number): number[] {
  return parts.map(({ text, weight }) => textWidth(text, weight, size));
}

/** Sets groups side by side and breaks rows before a group that does not fit; a group too wide by itself is left out. */
function flow(sections: readonly (readonly LegendGroup[])[], size: number, room: number): Flow {
  const [partGap, groupGap] = [size * 0.35, size];
  const placed: Placed[] = [];
  let [row, widest] = [-1, 0];
  for (const section of sections) {
    let x = Number.POSITIVE_INFINITY;
    for (const { role, parts } of section) {
      const widths = partWidths(parts, size);
      const width = widths.reduce((sum, part) => sum + part + partGap, -partGap);
      if (width > room) continue;
      if (x + width > room) {
        x = 0;
        row += 1;
      }
      for (const [index, part] of parts.entries()) {
        placed.push({ role, part, x, row });
        x += (widths[index] ?? 0) + partGap;
      }
      widest = Math.max(widest, x - partGap);
      x += groupGap - partGap;
    }
  }
  return { placed, width: widest, rows: row + 1 };
}

/** Lays the sections out below each other inside the plot, in at most `share` of it; `height` is what they take. */
export function legend(
  sections: readonly (readonly LegendGroup[])[],
  plot: Rect,
  style: { size: number; margin: number; plate: string },
  share = MAX_SHARE,
): Legend {
  const { size, margin, plate } = style;
  const rowHeight = Math.round(size * 1.5);
  const pad = Math.round(size * 0.35);
  const mostRows = Math.floor((plot.height * share - margin - pad) / rowHeight);
  const { placed, width, rows } = flow(sections, size, plot.width - 2 * margin - pad);
  const kept = Math.min(rows, mostRows);
  if (kept < 1) return { marks: [], height: 0 };
  const [left, top] = [plot.x + margin, plot.y + Math.round(margin * 0.6)];
  const box = { x: left - pad, y: top, width: Math.ceil(width) + 2 * pad, height: kept * rowHeight };
  const texts: Mark[] = placed
    .filter(({ row }) => row < kept)
    .map(({ role, part, x, row }) => ({
      ...{ kind: 'text', role, ...part, x: left + x, size, anchor: 'start' },
      y: centredBaseline(top + (row + 0.5) * rowHeight, size),
    }));
  const back: Mark = {
    kind: 'rects',
    role: 'legend-plate',
    fill: plate,
    opacity: PLATE_OPACITY,
    rects: [box],
  };
  return { marks: [back, ...texts], height: box.y + box.height - plot.y };
}
