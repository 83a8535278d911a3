/**
 * `npm run chart -- --candles FILE --kind candlestick --out a.png`: draws a chart without a server; the format is what `--out`
 * ends in (png, svg, pdf). Instrument, timeframe and digits are the file's own unless they are given. Equity curves and
 * histograms are drawn from a terminal's statement: `--trades FILE --kind equity --out a.png`.
 */
import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { parseArgs } from 'node:util';
import type { SpecFault } from '../functions/charts/candle-series.ts';
import { chartFaults } from '../functions/charts/chart-faults.ts';
import { HISTOGRAM_COLUMNS, parseChartSpec } from '../functions/charts/chart-spec.ts';
import { type ChartFormat, renderChart } from '../functions/charts/render-chart.ts';
import { type ChartData, type ResolvedChart, resolveChart } from '../functions/charts/resolved-chart.ts';
import { candleFileChart } from './charts/candle-file-chart.ts';
import { ChartRefused } from './charts/chart-refused.ts';
import { chartHeader, chartRasterizer } from './charts/chart-tools.ts';
import { statementEquity, statementHistory, statementValues } from './charts/statement-chart.ts';

const USAGE =
  'usage: npm run chart -- --candles FILE --kind candlestick|heikin_ashi|renko|volume_profile --out FILE.png|svg|pdf, ' +
  'or --trades STATEMENT --kind equity|histogram --out FILE';
const CANDLE_KINDS = ['candlestick', 'heikin_ashi', 'renko', 'volume_profile'];
const FORMATS = ['png', 'svg', 'pdf'] as const;
const DEFAULT_BARS = 200;
/** An account that the statement stands for; nothing looks it up. */
const NOBODY = '00000000-0000-7000-8000-000000000000';

const text = { type: 'string' } as const;
const OPTIONS = {
  ...{ candles: text, trades: text, out: text, kind: text, instrument: text, timeframe: text, digits: text },
  ...{ theme: text, size: text, tz: text, title: text, color: text, indicators: text, scale: text },
  ...{ bins: text, brick: text, column: text, last: text, 'server-tz': text },
  'no-volume': { type: 'boolean' },
} as const;
type Asked = { [K in keyof typeof OPTIONS]?: K extends 'no-volume' ? boolean : string };

function asked(): Asked {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: false }).values;
  } catch (e) {
    throw new ChartRefused(`${e instanceof Error ? e.message.split('\n')[0] : e}; ${USAGE}`);
  }
}

function whole(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,6}$/.test(value)) throw new ChartRefused(`--${option} must be a whole number`);
  return Number(value);
}

/** `web`, `mobile`, `social`, or width x height with `@2x` behind it for two device pixels per pixel. */
function sizeOf(value: string | undefined): unknown {
  if (value === undefined || ['web', 'mobile', 'social'].includes(value)) return value;
  const [, width, height, twice] = /^(\d{1,6})x(\d{1,6})(@2x)?$/.exec(value) ?? [];
  if (width === undefined || height === undefined)
    throw new ChartRefused('--size must be web, mobile, social or as 1200x630 or 600x400@2x are');
  return { width: Number(width), height: Number(height), scale: twice === undefined ? 1 : 2 };
}

function indicatorsOf(value: string | undefined): unknown {
  if (value === undefined) return undefined;
  if (value === 'none') return [];
  return value.split(',').map((one) => {
    const [, kind, period] = /^(sma|ema|rsi):(\d{1,6})$/.exec(one.trim()) ?? [];
    if (kind === undefined)
      throw new ChartRefused('--indicators must be none, or as sma:20,ema:50,rsi:14 is');
    return { kind, period: Number(period) };
  });
}

function colourOf(value: string | undefined): unknown {
  const [up, down] = value?.split(',') ?? [];
  return down === undefined ? up : { up, down };
}

function brickOf(value: string | undefined): unknown {
  if (value === undefined) return undefined;
  const period = /^atr:(\d{1,6})$/.exec(value)?.[1];
  return period === undefined ? { size: value } : { atr: Number(period) };
}

const lookOf = ({ theme, size, tz, title, color }: Asked) => ({
  ...{ theme, size: sizeOf(size), tz, title, color: colourOf(color) },
});

/** Leaves out what was not asked for, so that the defaults are those of the API. */
const without = (body: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));

/** The option that states what a fault points at. */
function optionOf(pointer: string): string {
  const [, first = '', second = ''] = pointer.split('/');
  if (first !== 'source') return `--${first}`;
  return second === 'instrument' || second === 'timeframe' || second === 'digits'
    ? `--${second}`
    : '--candles';
}

function refuse(faults: readonly SpecFault[]): never {
  const [{ pointer, detail } = { pointer: '', detail: '' }] = faults;
  const at = /\/candles\/(\d+)/.exec(pointer)?.[1];
  throw new ChartRefused(
    `${optionOf(pointer)}: ${at === undefined ? '' : `bar ${Number(at) + 1}: `}${detail}`,
  );
}

function resolved(body: Record<string, unknown>, data?: ChartData): ResolvedChart {
  const parsed = parseChartSpec(without(body));
  if (parsed.outcome !== 'ok') refuse(parsed.faults);
  const chart = resolveChart(parsed.spec, data);
  const faults = chartFaults(chart);
  return faults.length > 0 ? refuse(faults) : chart;
}

async function candleChart(of: Asked, kind: string): Promise<ResolvedChart> {
  if (of.candles === undefined) throw new ChartRefused(`--candles is missing: ${kind} is drawn from bars`);
  const { instrument, timeframe, 'server-tz': serverZone } = of;
  const last = whole('last', of.last) ?? DEFAULT_BARS;
  if (last === 0) throw new ChartRefused('--last must be at least 1');
  const file = await candleFileChart(of.candles, { instrument, timeframe, serverZone, last });
  if (file.instrument === undefined)
    throw new ChartRefused(`--instrument is missing, and the name of ${of.candles} does not tell it`);
  const digits = whole('digits', of.digits);
  const { candles } = file;
  const source = without({ candles, instrument: file.instrument, timeframe: file.timeframe, digits });
  const own = {
    ...{ indicators: indicatorsOf(of.indicators), volume: of['no-volume'] === true ? false : undefined },
    ...{ scale: of.scale, bins: whole('bins', of.bins), brick: brickOf(of.brick) },
  };
  const chart = resolved({ kind, source, ...own, ...lookOf(of) });
  return 'candles' in chart ? { ...chart, visibleFrom: file.visibleFrom } : chart;
}

async function moneyChart(of: Asked, kind: 'equity' | 'histogram'): Promise<ResolvedChart> {
  if (of.trades === undefined)
    throw new ChartRefused(`--trades is missing: ${kind} is drawn from a statement`);
  const source = { account_id: NOBODY };
  const column = HISTOGRAM_COLUMNS.find((c) => c === (of.column ?? 'profit'));
  if (column === undefined) throw new ChartRefused(`--column must be one of ${HISTOGRAM_COLUMNS.join(', ')}`);
  const history = await statementHistory(of.trades, of['server-tz']);
  if (history.legs.length === 0) throw new ChartRefused(`--trades: ${of.trades} has no closed trade`);
  if (kind === 'equity') return resolved({ kind, source, ...lookOf(of) }, statementEquity(history));
  const own = { column, bins: whole('bins', of.bins), ...lookOf(of) };
  return resolved({ kind, source, ...own }, statementValues(history, column));
}

async function chartOf(of: Asked): Promise<ResolvedChart> {
  const { kind = 'candlestick' } = of;
  if (kind === 'equity' || kind === 'histogram') return moneyChart(of, kind);
  if (!CANDLE_KINDS.includes(kind))
    throw new ChartRefused(`--kind must be one of ${[...CANDLE_KINDS, 'equity', 'histogram'].join(', ')}`);
  return candleChart(of, kind);
}

function formatOf(out: string): ChartFormat {
  const format = FORMATS.find((f) => `.${f}` === extname(out).toLowerCase());
  if (format === undefined) throw new ChartRefused('--out must end in .png, .svg or .pdf');
  return format;
}

async function main(): Promise<void> {
  const of = asked();
  if (of.out === undefined) throw new ChartRefused(`--out is missing; ${USAGE}`);
  const format = formatOf(of.out);
  const { bytes } = await renderChart(await chartOf(of), format, chartRasterizer, chartHeader);
  await writeFile(of.out, bytes).catch((e: NodeJS.ErrnoException) => {
    throw new ChartRefused(`--out: ${of.out} cannot be written (${e.code})`);
  });
  console.log(`${of.out}: ${bytes.length} bytes`);
}

main().catch((e) => {
  console.error(e instanceof ChartRefused ? e.message : `failed: ${e instanceof Error ? e.message : e}`);
  process.exit(1);
});
