/**
 * `npm run gallery`: draws every kind of chart in every theme and size to `out/gallery/`, with a page that shows them. Data is
 * a seeded walk, and real gold and a real statement where `../shared/data` is; the page needs nothing from anywhere else.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { THEME_NAMES } from '../functions/charts/chart-look.ts';
import { parseChartSpec } from '../functions/charts/chart-spec.ts';
import { renderChart } from '../functions/charts/render-chart.ts';
import { type ChartData, type ResolvedChart, resolveChart } from '../functions/charts/resolved-chart.ts';
import { chartScene } from '../functions/charts/scene.ts';
import { candleFileChart } from './charts/candle-file-chart.ts';
import { chartHeader, chartRasterizer } from './charts/chart-tools.ts';
import { galleryPage, type Picture } from './charts/gallery-page.ts';
import { seededCandles, seededPoints, seededValues } from './charts/seeded-history.ts';
import { statementEquity, statementHistory, statementValues } from './charts/statement-chart.ts';
import { wonTrade } from './charts/won-trade.ts';

const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, 'out/gallery');
const DATA = join(ROOT, '../shared/data');
const GOLD = join(DATA, 'xauusd_h1_2012-2022.csv');
const STATEMENT = join(DATA, 'mt4_statement_2026_trades.csv');
const BARS = 180;
const SIZES = ['web', 'mobile', 'social', { width: 600, height: 400, scale: 2 }] as const;
const CANDLE_KINDS = ['candlestick', 'heikin_ashi', 'renko', 'volume_profile'] as const;
const COLUMNS = ['profit', 'r', 'duration'] as const;
const HEADINGS = {
  ...{ candlestick: 'Candles with averages and RSI', heikin_ashi: 'Heikin-Ashi', renko: 'Renko bricks' },
  volume_profile: 'Candles with volume profile',
  ...{ profit: 'Profit per trade', r: 'Result per trade in R', duration: 'Duration of trades' },
} as const;
const NOBODY = { account_id: '00000000-0000-7000-8000-000000000000' };

/** A picture before it has a look: what is asked for, what it is drawn from, and what is drawn on it. */
type Subject = {
  name: string;
  /** The name in words. */
  heading: string;
  body: Record<string, unknown>;
  data?: ChartData;
  mend?: (chart: ResolvedChart) => ResolvedChart;
};

async function bars(): Promise<{ source: Record<string, unknown>; visibleFrom: number }> {
  if (!existsSync(GOLD)) {
    const source = { candles: seededCandles(BARS + 200), instrument: 'XAUUSD', timeframe: 'H1', digits: 2 };
    return { source, visibleFrom: 200 };
  }
  const { candles, timeframe, visibleFrom } = await candleFileChart(GOLD, { last: BARS });
  return { source: { candles, instrument: 'XAUUSD', timeframe, digits: 2 }, visibleFrom };
}

/** The chart with a trade on it that its own bars tell: bought at a close, and out at the target that a bar reached. */
function withOrder(chart: ResolvedChart): ResolvedChart {
  if (!('candles' in chart)) return chart;
  const annotations = wonTrade(chart.candles, chart.visibleFrom);
  return annotations === undefined ? chart : { ...chart, annotations };
}

async function candleSubjects(): Promise<Subject[]> {
  const { source, visibleFrom } = await bars();
  const shown = (chart: ResolvedChart) => ('candles' in chart ? { ...chart, visibleFrom } : chart);
  const indicators = [
    ...[20, 50, 200].map((period) => ({ kind: 'sma', period })),
    { kind: 'rsi', period: 14 },
  ];
  const kinds = CANDLE_KINDS.map((kind) => ({
    ...{ name: kind, heading: HEADINGS[kind] },
    ...{ body: { kind, source, indicators: kind === 'candlestick' ? indicators : [] } },
    mend: shown,
  }));
  const order = {
    ...{ name: 'candlestick-trade', heading: 'Candles with a trade' },
    ...{ body: { kind: 'candlestick', source, title: 'Bought, target reached' } },
    mend: (chart: ResolvedChart) => withOrder(shown(chart)),
  };
  return [...kinds, order];
}

async function moneySubjects(): Promise<Subject[]> {
  const history = existsSync(STATEMENT) ? await statementHistory(STATEMENT) : null;
  const equity: Subject = {
    name: 'equity',
    heading: 'Equity and drawdown',
    body: { kind: 'equity', source: { points: seededPoints(300) } },
  };
  const real = { kind: 'equity', source: NOBODY };
  const histograms = COLUMNS.map((column): Subject => {
    const named = { name: `histogram-${column}`, heading: HEADINGS[column] };
    if (history === null || column === 'r')
      return { ...named, body: { kind: 'histogram', column, source: { values: seededValues(400, column) } } };
    return {
      ...{ ...named, body: { kind: 'histogram', column, source: NOBODY } },
      data: statementValues(history, column),
    };
  });
  return [
    history === null ? equity : { ...equity, body: real, data: statementEquity(history) },
    ...histograms,
  ];
}

const sizeName = (size: (typeof SIZES)[number]): string =>
  typeof size === 'string' ? size : `${size.width}x${size.height}@${size.scale}x`;

function chartOf(subject: Subject, look: Record<string, unknown>): ResolvedChart {
  const parsed = parseChartSpec({ ...subject.body, ...look });
  if (parsed.outcome !== 'ok') throw new Error(`${subject.name}: ${JSON.stringify(parsed.faults[0])}`);
  const chart = resolveChart(parsed.spec, subject.data);
  return subject.mend?.(chart) ?? chart;
}

async function main(): Promise<void> {
  await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT, { recursive: true });
  const pictures: Picture[] = [];
  for (const subject of [...(await candleSubjects()), ...(await moneySubjects())])
    for (const theme of THEME_NAMES)
      for (const size of SIZES) {
        const chart = chartOf(subject, { theme, size });
        const { bytes } = await renderChart(chart, 'png', chartRasterizer, chartHeader);
        const file = `${subject.name}-${theme}-${sizeName(size)}.png`;
        await writeFile(join(OUT, file), bytes);
        const { width, height, description } = chartScene(chart);
        const where = { subject: subject.name, heading: subject.heading, theme, size: sizeName(size) };
        pictures.push({ file, width, height, alt: description, ...where });
      }
  await writeFile(join(OUT, 'index.html'), galleryPage(pictures));
  console.log(`${pictures.length} pictures in ${OUT}, shown by index.html`);
}

await main();
