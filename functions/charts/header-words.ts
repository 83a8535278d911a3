// What stands above a chart that is shared: its title, what it is of, and its figures as cards. Invariants: a chart without
// a title that is not made for sharing has no header and pays nothing for one; lower pictures have no room for it.
import { rangeText } from './chart-period.ts';
import { type ChartSize, NAMED_SIZES } from './chart-size.ts';
import { underwater } from './equity-drawdown.ts';
import { equityFigures, isOneFall } from './equity-figures.ts';
import { equityRange } from './equity-period.ts';
import { unsupportedCharacter } from './glyphs.ts';
import { columnName, histogramFigures, valueText } from './histogram-figures.ts';
import { changeText, percentText, priceText } from './price-text.ts';
import type { CandleChart, EquityChart, HistogramChart, ResolvedChart } from './resolved-chart.ts';

/** A figure; `tone` where it is a gain or a loss. */
export type Card = { label: string; value: string; tone?: 'up' | 'down' };
export type HeaderWords = { title: string; subtitle: string; cards: readonly Card[] };

/** In CSS pixels: below it the plot would have less than two thirds of the picture. */
export const MIN_HEADED_HEIGHT = 420;

const isSocial = ({ width, height, scale }: ChartSize): boolean => {
  const { social } = NAMED_SIZES;
  return width === social.width && height === social.height && scale === social.scale;
};

const toneOf = (value: number): Pick<Card, 'tone'> =>
  value === 0 ? {} : { tone: value > 0 ? 'up' : 'down' };

/** Reward in units of risk, `1 : 2.00`; undefined where the stop stands at the entry or is missing. */
function rewardText(entry?: number, stop?: number, target?: number): string | undefined {
  if (entry === undefined || stop === undefined || target === undefined || stop === entry) return undefined;
  return `1 : ${priceText(Math.abs(target - entry) / Math.abs(entry - stop), 2)}`;
}

/**
 * What the last exit with a price made of the entry, signed for the side: in units of risk with the price beside it, or
 * in price alone where no stop stands on the losing side.
 */
function resultCard({ annotations, digits }: CandleChart): Card | undefined {
  const { entry, stop_loss: stop, markers = [] } = annotations ?? {};
  const side = markers.find(({ kind }) => kind === 'entry')?.side;
  const exit = markers.findLast(({ kind, price }) => kind === 'exit' && price !== undefined)?.price;
  if (entry === undefined || side === undefined || exit === undefined) return undefined;
  const sign = side === 'buy' ? 1 : -1;
  const result = sign * (exit - entry);
  const price = changeText(result, digits);
  const risk = stop === undefined ? 0 : sign * (entry - stop);
  if (risk <= 0) return { label: 'Result in price', value: price, ...toneOf(result) };
  return { label: 'Result', value: `${changeText(result / risk, 2)}R (${price})`, ...toneOf(result) };
}

function orderCards(chart: CandleChart): Card[] {
  const { annotations = {}, digits } = chart;
  const { entry, stop_loss: stop, take_profit: target } = annotations;
  const price = (label: string, value: number | undefined): Card[] =>
    value === undefined ? [] : [{ label, value: priceText(value, digits) }];
  const reward = rewardText(entry, stop, target);
  const result = resultCard(chart);
  return [
    ...price('Entry', entry),
    ...price('Stop', stop),
    ...price('Target', target),
    ...(reward === undefined ? [] : [{ label: 'Risk : reward', value: reward }]),
    ...(result === undefined ? [] : [result]),
  ];
}

function marketCards({ candles, visibleFrom, digits }: CandleChart): Card[] {
  const shown = candles.slice(visibleFrom);
  const [first, last] = [shown[0], shown.at(-1)];
  if (first === undefined || last === undefined) return [];
  const change = last.close - first.open;
  const percent = percentText(first.open, last.close);
  const moved = `${changeText(change, digits)}${percent === undefined ? '' : ` (${percent})`}`;
  const [low, high] = shown.reduce(
    ([least, most], bar) => [Math.min(least, bar.low), Math.max(most, bar.high)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  return [
    { label: 'Last', value: priceText(last.close, digits) },
    {
      label: `Change, ${priceText(shown.length, 0)} ${shown.length === 1 ? 'bar' : 'bars'}`,
      value: moved,
      ...toneOf(change),
    },
    { label: 'High', value: priceText(high, digits) },
    { label: 'Low', value: priceText(low, digits) },
  ];
}

function equityCards(chart: EquityChart): Card[] {
  const figures = equityFigures(chart, underwater(chart.points, chart.digits));
  const { net, gained, maximal, relative, end } = figures;
  const fall = (label: string, { text, money }: { text: string; money: number }): Card => {
    return { label, value: text, ...toneOf(-money) };
  };
  return [
    { label: 'Net', value: net, tone: gained ? 'up' : 'down' },
    fall('Max drawdown', maximal),
    ...(relative === undefined || isOneFall(figures) ? [] : [fall('Relative drawdown', relative)]),
    { label: 'End', value: end },
  ];
}

function histogramCards(chart: HistogramChart): Card[] {
  const { count, mean, median, winShare } = histogramFigures(chart);
  const signed = winShare !== undefined;
  return [
    { label: 'Trades', value: priceText(count, 0) },
    { label: 'Mean', value: valueText(mean, chart), ...(signed ? toneOf(mean) : {}) },
    { label: 'Median', value: valueText(median, chart), ...(signed ? toneOf(median) : {}) },
    ...(signed ? [{ label: 'Win rate', value: `${priceText(winShare, 1)}%` }] : []),
  ];
}

/** A name from outside is left out where the chart has no glyph for it. */
const drawable = (name: string | undefined): string[] =>
  name === undefined || unsupportedCharacter(name) !== undefined ? [] : [name];

function figuresOf(chart: ResolvedChart): { name: string; about: string[]; cards: Card[] } {
  switch (chart.kind) {
    case 'equity':
      return {
        name: 'Equity',
        about: [...drawable(chart.name), equityRange(chart)],
        cards: equityCards(chart),
      };
    case 'histogram':
      return { name: columnName(chart), about: drawable(chart.name), cards: histogramCards(chart) };
    default: {
      const name = `${chart.instrument} ${chart.timeframe}`;
      const ordered = orderCards(chart);
      return { name, about: [rangeText(chart)], cards: ordered.length > 0 ? ordered : marketCards(chart) };
    }
  }
}

/** The words of a chart's header, or undefined for a chart that has none. */
export function headerWords(chart: ResolvedChart): HeaderWords | undefined {
  const { size, title } = chart;
  const social = isSocial(size);
  if ((title === undefined && !social) || size.height < MIN_HEADED_HEIGHT) return undefined;
  const { name, about, cards } = figuresOf(chart);
  const words = title === undefined ? about : [name, ...about];
  return { title: title ?? name, subtitle: words.join('  ·  '), cards: social ? cards : [] };
}
