// What surrounds the data of any kind of chart: watermark and grid behind it, borders, time labels, zone, title and
// footer in front. Grid lines are rectangles on whole pixels, so they are equally thin in every format.
import type { ChartLayout } from './chart-layout.ts';
import { fitText, textWidth } from './glyphs.ts';
import { centredBaseline, type Mark, type TextMark } from './mark.ts';
import type { PriceTick } from './price-axis.ts';
import type { Theme } from './theme.ts';
import type { TimeLabel } from './time-axis.ts';

const BRAND = 'Countersign';
const WATERMARK_OPACITY = 0.07;

/** What a header above the chart says already, so that the chart need not: its words, and whether figures are cards. */
export type Headed = { cards: boolean; texts: readonly string[] };

export type FrameInput = {
  /** What the picture is of, large and faint behind the data; empty for none. */
  watermark: string;
  layout: ChartLayout;
  theme: Theme;
  ticks: readonly PriceTick[];
  times: readonly TimeLabel[];
  zone: string;
  /** First to last bar in words. */
  range: string;
  /** How many there are: `150 bars`. */
  count: string;
  headed?: Headed | undefined;
};

function watermark({ watermark: text, layout, theme }: FrameInput): Mark[] {
  const { plot } = layout;
  if (text === '') return [];
  const size = Math.round(Math.min(plot.height / 5, (plot.width * 0.6) / textWidth(text, 600, 1)));
  const [x, y] = [plot.x + plot.width / 2, centredBaseline(plot.y + plot.height / 2, size)];
  const look = { size, weight: 600, anchor: 'middle', fill: theme.text, opacity: WATERMARK_OPACITY } as const;
  return [{ kind: 'text', role: 'watermark', text, x, y, ...look }];
}

function grid({ layout, theme, ticks, times }: FrameInput): Mark {
  const { plot, ratio } = layout;
  const rects = [
    ...times.map(({ x }) => ({
      x: Math.round(x) - Math.floor(ratio / 2),
      y: plot.y,
      width: ratio,
      height: layout.timeAxis.y - plot.y,
    })),
    ...ticks.map(({ y }) => ({ x: plot.x, y, width: plot.width, height: ratio })),
  ];
  return { kind: 'rects', role: 'grid', fill: theme.grid, rects };
}

function borders({ layout, theme }: FrameInput): Mark {
  const { plot, panes, timeAxis, ratio, canvas } = layout;
  const rects = [
    { x: plot.x + plot.width, y: plot.y, width: ratio, height: timeAxis.y - plot.y },
    { x: 0, y: timeAxis.y, width: canvas.width, height: ratio },
    ...panes.map(({ y }) => ({ x: 0, y: y - ratio, width: canvas.width, height: ratio })),
  ];
  if (plot.y > 0) rects.push({ x: 0, y: plot.y - ratio, width: canvas.width, height: ratio });
  return { kind: 'rects', role: 'border', fill: theme.border, rects };
}

function timeTexts({ layout, theme, times, zone }: FrameInput): Mark[] {
  const { timeAxis, axis, fontSize } = layout;
  const y = centredBaseline(timeAxis.y + timeAxis.height / 2, fontSize);
  const texts: Mark[] = times.map(({ text, x, bold }) => ({
    ...{ kind: 'text', role: 'time-label', text, x, y, size: fontSize, anchor: 'middle' },
    ...{ weight: bold ? 600 : 400, fill: bold ? theme.text : theme.muted },
  }));
  if (zone === '') return texts;
  const corner = axis.x + axis.width / 2;
  const look = { size: fontSize, weight: 400, anchor: 'middle', fill: theme.muted } as const;
  return [...texts, { kind: 'text', role: 'zone', text: zone, x: corner, y, ...look }];
}

function titleTexts({ layout, theme }: FrameInput): Mark[] {
  const { titleLines, titleSize, margin } = layout;
  const line = Math.round(titleSize * 1.35);
  return titleLines.map((text, index) => ({
    ...{ kind: 'text', role: 'title', text, x: margin, size: titleSize, weight: 600, anchor: 'start' },
    ...{ y: centredBaseline(margin / 2 + (index + 0.5) * line, titleSize), fill: theme.text },
  }));
}

/** Brand left and range right; the brand gives way when both do not fit, the range where the header has it. */
function footerTexts({ layout, theme, range, count, headed }: FrameInput): Mark[] {
  const { footer, fontSize, margin } = layout;
  if (footer === undefined) return [];
  const size = Math.round(fontSize * 0.8);
  const room = footer.width - 2 * margin;
  const isTold = headed?.texts.some((told) => told.includes(range)) === true;
  const words = isTold ? [count] : [`${range}  ·  ${count}`, range];
  const text =
    words.find((candidate) => textWidth(candidate, 400, size) <= room) ?? fitText(range, 400, size, room);
  const y = centredBaseline(footer.y + footer.height * 0.45, size);
  const look = { kind: 'text', y, size, fill: theme.muted } as const;
  const marks: TextMark[] = [
    { ...look, role: 'range', text, x: footer.width - margin, weight: 400, anchor: 'end' },
    { ...look, role: 'brand', text: BRAND, x: margin, weight: 600, anchor: 'start' },
  ];
  const both = textWidth(text, 400, size) + textWidth(BRAND, 600, size) + 2 * size;
  return both <= room ? marks : marks.slice(0, 1);
}

/** Marks to draw before and after the data. */
export function chartFrame(input: FrameInput): { behind: Mark[]; front: Mark[] } {
  return {
    behind: [...watermark(input), grid(input)],
    front: [borders(input), ...timeTexts(input), ...titleTexts(input), ...footerTexts(input)],
  };
}
