// A chart under its header: the chart is drawn on a lower page, without a title of its own, and moved down by the header.
// Invariants: what the facts state of places is moved with the marks; the chart does not repeat what the header says.
import type { Headed } from './chart-frame.ts';
import type { LaidHeader } from './header-marks.ts';
import type { Mark, Point } from './mark.ts';
import { paletteOf } from './palette.ts';
import type { ResolvedChart } from './resolved-chart.ts';
import { chartScene, type Scene, type SceneFacts } from './scene.ts';

function movedMark(mark: Mark, down: number): Mark {
  const moved = (point: Point): Point => ({ x: point.x, y: point.y + down });
  switch (mark.kind) {
    case 'rects':
      return { ...mark, rects: mark.rects.map((rect) => ({ ...rect, y: rect.y + down })) };
    case 'text':
      return { ...mark, y: mark.y + down };
    case 'line':
      return { ...mark, from: moved(mark.from), to: moved(mark.to) };
    case 'polyline':
    case 'polygon':
      return { ...mark, points: mark.points.map(moved) };
  }
}

const lowered = <T extends { y: number }>(places: readonly T[], down: number): T[] =>
  places.map((place) => ({ ...place, y: place.y + down }));

function movedFacts(facts: SceneFacts, down: number): SceneFacts {
  switch (facts.kind) {
    case 'equity': {
      const { valueTicks, drawdownTicks, last } = facts;
      const ticks = {
        valueTicks: lowered(valueTicks, down),
        drawdownTicks: lowered(drawdownTicks, down),
      };
      return { ...facts, ...ticks, last: { ...last, y: last.y + down } };
    }
    case 'histogram':
      return { ...facts, countTicks: lowered(facts.countTicks, down) };
    default: {
      const { priceTicks, lastPrice } = facts;
      const last = { ...lastPrice, y: lastPrice.y + down };
      return { ...facts, priceTicks: lowered(priceTicks, down), lastPrice: last };
    }
  }
}

function headedOf({ marks }: LaidHeader): Headed {
  return {
    cards: marks.some(({ role }) => role === 'card'),
    texts: marks.flatMap((mark) => (mark.kind === 'text' ? [mark.text] : [])),
  };
}

/** The scene of a chart under a header that was laid out for it; without one the chart's own. */
export function headedScene(chart: ResolvedChart, header: LaidHeader | undefined): Scene {
  if (header === undefined) return chartScene(chart);
  const { size, title, ...rest } = chart;
  const down = Math.ceil(header.height / size.scale) * size.scale;
  const lower = { ...size, height: size.height - down / size.scale };
  const scene = chartScene({ ...rest, size: lower } as ResolvedChart, headedOf(header));
  const line: Mark = {
    ...{ kind: 'rects', role: 'border', fill: paletteOf(chart).border },
    rects: [{ x: 0, y: down - size.scale, width: scene.width, height: size.scale }],
  };
  return {
    ...scene,
    title: title ?? scene.title,
    height: scene.height + down,
    marks: [...scene.marks.map((mark) => movedMark(mark, down)), ...header.marks, line],
    facts: movedFacts(scene.facts, down),
  };
}
