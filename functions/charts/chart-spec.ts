// What POST /api/v1/charts accepts. Invariants: unknown fields are refused; every fault is reported, each with its
// RFC 6901 pointer, up to `MAX_FAULTS`; a spec that passes can be drawn (every character has a glyph, every size fits in memory).
import { z } from 'zod';
import { boundedBody } from './bounded-body.ts';
import {
  candleFaults,
  candleNumber,
  dataDigits,
  MAX_CANDLES,
  MAX_FAULTS,
  type RawCandle,
  type SpecFault,
} from './candle-series.ts';
import { askedSize, lookFields } from './chart-look.ts';
import { devicePixels, MAX_DEVICE_PIXELS } from './chart-size.ts';
import { candleSource, equitySource, histogramSource, MAX_POINTS } from './chart-source.ts';
import { equityFaults } from './equity-faults.ts';
import { unsupportedCharacter } from './glyphs.ts';
import { histogramFaults } from './histogram-faults.ts';

export const MAX_INDICATORS = 5;
export const MAX_BINS = 200;

const period = z.int().min(2).max(500);
const indicators = z
  .array(z.strictObject({ kind: z.enum(['sma', 'ema', 'rsi']), period }))
  .max(MAX_INDICATORS)
  .default([
    { kind: 'sma', period: 20 },
    { kind: 'sma', period: 50 },
  ]);
const candleFields = {
  source: candleSource,
  indicators,
  volume: z.boolean().default(true),
  scale: z.enum(['linear', 'log']).default('linear'),
  ...lookFields,
};
const bins = z.int().min(2).max(MAX_BINS);
const price = z
  .union([z.string(), z.number()])
  .refine((value) => (candleNumber(value) ?? 0) > 0, 'expected a positive decimal');

const candlestick = z.strictObject({ kind: z.literal('candlestick'), ...candleFields });
const heikinAshi = z.strictObject({ kind: z.literal('heikin_ashi'), ...candleFields });
/** Bricks of a fixed height, or of the average true range at the first bar shown; `brick_source` is what moves them. */
const renko = z.strictObject({
  kind: z.literal('renko'),
  ...candleFields,
  brick: z.union([z.strictObject({ size: price }), z.strictObject({ atr: period })]).default({ atr: 14 }),
  brick_source: z.enum(['close', 'high_low']).default('close'),
});
/** Candles with the volume traded at each price beside them, in `bins` rows. */
const volumeProfile = z.strictObject({
  kind: z.literal('volume_profile'),
  ...candleFields,
  bins: bins.default(48),
});
const equity = z.strictObject({ kind: z.literal('equity'), source: equitySource, ...lookFields });
export const HISTOGRAM_COLUMNS = ['profit', 'r', 'duration'] as const;
const histogram = z.strictObject({
  kind: z.literal('histogram'),
  source: histogramSource,
  column: z.enum(HISTOGRAM_COLUMNS),
  bins: bins.optional(),
  ...lookFields,
});

/** The request body of `POST /api/v1/charts`. Cross-field rules are in `parseChartSpec`, which is the way in. */
export const chartSpecSchema = z.discriminatedUnion('kind', [
  candlestick,
  heikinAshi,
  renko,
  volumeProfile,
  equity,
  histogram,
]);

export type ChartSpec = z.output<typeof chartSpecSchema>;
export type CandleSpec = Exclude<ChartSpec, { kind: 'equity' | 'histogram' }>;
export type EquitySpec = Extract<ChartSpec, { kind: 'equity' }>;
export type HistogramSpec = Extract<ChartSpec, { kind: 'histogram' }>;
export type ParsedSpec = { outcome: 'ok'; spec: ChartSpec } | { outcome: 'invalid'; faults: SpecFault[] };

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

type Issue = z.core.$ZodIssue;

/** The one branch of a union that the sender meant: the one that knows the most of the fields that were sent. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const strangeness = (issues: readonly Issue[]): number =>
    issues.reduce((sum, issue) => {
      if (issue.path.length > 0) return sum;
      return sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 100);
    }, 0);
  const known = branches.filter((branch) => strangeness(branch) < 100);
  return known.toSorted((a, b) => strangeness(a) - strangeness(b) || a.length - b.length)[0];
}

function issueFaults(issue: Issue, base: readonly PropertyKey[]): SpecFault[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, MAX_FAULTS + 1)
      .map((key) => ({ pointer: pointerOf([...path, key]), detail: 'unknown field' }));
  }
  if (issue.code === 'invalid_union') {
    const branch = meantBranch(issue.errors);
    if (branch !== undefined) return branch.flatMap((inner) => issueFaults(inner, path));
  }
  return [{ pointer: pointerOf(path), detail: issue.message }];
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** What no single field of the data shows, whatever kind of data was sent. */
function seriesFaults(body: unknown): SpecFault[] {
  const sent = field(body, 'source');
  const rows = (name: string, most: number): unknown[] => {
    const found: unknown = field(sent, name);
    return Array.isArray(found) && found.length <= most ? found : [];
  };
  const digits = field(sent, 'digits');
  return [
    ...candleFaults(rows('candles', MAX_CANDLES), typeof digits === 'number' ? digits : 0, '/source/candles'),
    ...equityFaults(rows('points', MAX_POINTS), '/source/points'),
    ...histogramFaults(rows('values', MAX_POINTS), field(body, 'column'), '/source/values'),
  ];
}

function precisionFaults(spec: ChartSpec): SpecFault[] {
  if (!('candles' in spec.source) || spec.source.digits !== undefined) return [];
  const candles: readonly RawCandle[] = spec.source.candles;
  return candleFaults(candles, dataDigits(candles), '/source/candles');
}

function drawingFaults(spec: ChartSpec): SpecFault[] {
  const faults: SpecFault[] = [];
  const pixels = devicePixels(askedSize(spec.size));
  if (pixels > MAX_DEVICE_PIXELS) {
    faults.push({
      pointer: '/size',
      detail: `${pixels} device pixels, at most ${MAX_DEVICE_PIXELS} are drawn`,
    });
  }
  const asked = 'indicators' in spec ? spec.indicators : [];
  for (const [index, one] of asked.entries()) {
    if (asked.findIndex(({ kind, period }) => kind === one.kind && period === one.period) < index) {
      faults.push({ pointer: `/indicators/${index}`, detail: 'the same indicator twice' });
    }
  }
  return faults;
}

function titleFaults(title: unknown): SpecFault[] {
  const strange = typeof title === 'string' ? unsupportedCharacter(title) : undefined;
  if (strange === undefined) return [];
  const detail = `the chart font has no glyph for ${strange}`;
  return [{ pointer: '/title', detail, code: 'unsupported-character' }];
}

/** The first faults; the last of more says so. What was cut away is not counted. */
function toldFaults(faults: SpecFault[]): SpecFault[] {
  if (faults.length <= MAX_FAULTS) return faults;
  const more = { pointer: '', detail: `and at least ${faults.length - MAX_FAULTS} more` };
  return [...faults.slice(0, MAX_FAULTS), more];
}

/** Checks a request body. Outcomes: `ok` with defaults filled in, or `invalid` with the faults found, the first of many. */
export function parseChartSpec(sent: unknown): ParsedSpec {
  const body = boundedBody(sent, MAX_INDICATORS);
  const parsed = chartSpecSchema.safeParse(body);
  const shape = parsed.success ? [] : parsed.error.issues.flatMap((issue) => issueFaults(issue, []));
  const faults = [...shape, ...seriesFaults(body), ...titleFaults(field(body, 'title'))];
  if (parsed.success) {
    faults.push(...drawingFaults(parsed.data));
    if (faults.length === 0) faults.push(...precisionFaults(parsed.data));
    if (faults.length === 0) return { outcome: 'ok', spec: parsed.data };
  }
  return { outcome: 'invalid', faults: toldFaults(faults) };
}
