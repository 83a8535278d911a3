// Where things stand. Invariants: every band is whole device pixels and inside the canvas; the axis is as wide as
// its widest possible label, so nothing on it is ever cut; optional bands (footer) give way on small pictures.
import type { ChartSize } from './chart-size.ts';
import { fitText, textWidth } from './glyphs.ts';
import type { Rect } from './mark.ts';

export type ChartLayout = {
  canvas: { width: number; height: number };
  /** Device pixels per CSS pixel: the width of a hairline and of a wick. */
  ratio: 1 | 2;
  fontSize: number;
  titleSize: number;
  titleLines: readonly string[];
  margin: number;
  labelHeight: number;
  plot: Rect;
  /** The value axis, right of the plot and as high as it. */
  axis: Rect;
  /** Further panes below the plot, as wide as it, each with an axis of its own to its right. */
  panes: readonly Rect[];
  /** Below plot, panes and axes. */
  timeAxis: Rect;
  footer: Rect | undefined;
};

const MAX_TITLE_LINES = 2;

/**
 * Text height in device pixels. Multiples of five, because a digit is 0.6 em wide: every digit then starts on a
 * whole pixel and looks like its twins.
 */
export function fontSizeFor({ width, height, scale }: ChartSize): number {
  const narrow = width < 320 || height < 240;
  if (scale === 1) return narrow || width < 480 ? 10 : 15;
  if (narrow) return 20;
  return width >= 900 ? 30 : 25;
}

function wrapTitle(title: string, size: number, maxWidth: number): string[] {
  const lines: string[] = [];
  let rest = title.trim();
  while (rest !== '' && lines.length < MAX_TITLE_LINES) {
    const words = rest.split(' ');
    let taken = 0;
    while (taken < words.length && textWidth(words.slice(0, taken + 1).join(' '), 600, size) <= maxWidth)
      taken += 1;
    const last = lines.length === MAX_TITLE_LINES - 1 || taken === 0;
    const line = last ? fitText(rest, 600, size, maxWidth) : words.slice(0, taken).join(' ');
    lines.push(line);
    rest = last ? '' : words.slice(taken).join(' ');
  }
  return lines.filter((line) => line !== '');
}

/** A pane lower than this many text heights shows nothing. */
const MIN_PANE_LINES = 4.5;

/**
 * Splits a band into the plot and the panes below it, each with its share of the height, a hairline apart. Panes that
 * would be too low to read are left out, and the plot has their room.
 */
function splitBand(band: Rect, shares: readonly number[], fontSize: number, line: number): [Rect, ...Rect[]] {
  const heights = shares.map((share) => Math.round(band.height * share));
  if (heights.some((height) => height < MIN_PANE_LINES * fontSize)) return [band];
  const taken = heights.reduce((sum, height) => sum + height + line, 0);
  let y = band.y + band.height - taken;
  const panes = heights.map((height) => {
    const top = y + line;
    y = top + height;
    return { ...band, y: top, height };
  });
  return [{ ...band, height: band.height - taken }, ...panes];
}

/**
 * Lays out a chart; `axisTexts` are the widest texts that can stand on the value axis, `paneShares` the shares of the
 * height that panes below the plot are to have.
 */
export function chartLayout(
  size: ChartSize,
  title: string | undefined,
  axisTexts: readonly string[],
  paneShares: readonly number[] = [],
): ChartLayout {
  const ratio = size.scale;
  const canvas = { width: size.width * ratio, height: size.height * ratio };
  const fontSize = fontSizeFor(size);
  const titleSize = Math.round(fontSize * 1.3);
  const margin = Math.round(fontSize * 0.8);
  const labelPad = Math.round(fontSize * 0.5);

  const titleLines = title === undefined ? [] : wrapTitle(title, titleSize, canvas.width - 2 * margin);
  const header = titleLines.length === 0 ? 0 : titleLines.length * Math.round(titleSize * 1.35) + margin;
  const footerHeight = size.height >= 300 && size.width >= 300 ? Math.round(fontSize * 2) : 0;
  const timeHeight = Math.round(fontSize * 2);
  const textRoom = Math.max(...axisTexts.map((text) => textWidth(text, 600, fontSize)));
  const axisWidth = Math.min(Math.ceil(textRoom) + 2 * labelPad, Math.floor(canvas.width * 0.6));
  const plotHeight = canvas.height - header - timeHeight - footerHeight;
  const plotWidth = canvas.width - axisWidth;
  const footerTop = canvas.height - footerHeight;
  const band = { x: 0, y: header, width: plotWidth, height: plotHeight };
  const [plot, ...panes] = splitBand(band, paneShares, fontSize, ratio);
  return {
    canvas,
    ratio,
    fontSize,
    titleSize,
    titleLines,
    margin,
    labelHeight: Math.round(fontSize * 1.5),
    plot,
    axis: { x: plotWidth, y: header, width: axisWidth, height: plot.height },
    panes,
    timeAxis: { x: 0, y: header + plotHeight, width: canvas.width, height: timeHeight },
    footer:
      footerHeight === 0 ? undefined : { x: 0, y: footerTop, width: canvas.width, height: footerHeight },
  };
}
