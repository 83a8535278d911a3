// The colours of an equity chart: the theme's, or those that were asked for.

import { paletteOf } from './palette.ts';
import type { EquityChart } from './resolved-chart.ts';
import { THEMES, type Theme } from './theme.ts';

export type EquityColours = { curve: string; drawdown: string };

/**
 * A curve is neither gain nor loss, so it has the first colour of lines; where up and down are blue and vermillion it
 * has the blue. One colour asked for is the curve's, of two the second is that of drawdowns.
 */
export function equityColours({ color }: Pick<EquityChart, 'color'>, theme: Theme): EquityColours {
  const own = {
    curve: theme.hollowUp ? theme.up : (theme.indicators[0] ?? theme.text),
    drawdown: theme.down,
  };
  if (color === undefined) return own;
  return typeof color === 'string' ? { ...own, curve: color } : { curve: color.up, drawdown: color.down };
}

/** The theme around the curve; one colour asked for is the curve's alone and leaves gains and falls as they are. */
export function equityTheme(chart: Pick<EquityChart, 'color' | 'theme'>): Theme {
  return typeof chart.color === 'string' ? THEMES[chart.theme] : paletteOf(chart);
}
