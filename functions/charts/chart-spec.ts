// What POST /api/v1/charts accepts. Invariants: unknown fields are refused; every fault is reported, each with its
// RFC 6901 pointer; a spec that passes can be drawn (every character has a glyph, every size fits in memory).
// Only candlesticks exist; another kind is refused here until it can be drawn.
import { z } from 'zod';
import { TIMEFRAMES } from '../market/timeframe.ts';
import { isTimeZone } from '../platform/time-zone.ts';
import {
  candleFaults,
  candleNumber,
  candleTimeMs,
  dataDigits,
  MAX_CANDLES,
  MAX_DIGITS,
  type RawCandle,
  type SpecFault,
} from './candle-series.ts';
import { devicePixels, MAX_DEVICE_PIXELS, MAX_SIDE_PX, MIN_SIDE_PX, NAMED_SIZES } from './chart-size.ts';
import { unsupportedCharacter } from './glyphs.ts';

export const MAX_TITLE_LENGTH = 200;
export const MAX_INDICATORS = 5;

const numeric = z
  .union([z.string(), z.number()], { error: 'expected a decimal string or a number' })
  .refine(
    (value) => candleNumber(value) !== undefined,
    'expected a plain decimal of at most 8 decimal places',
  );
const candle = z.strictObject({
  time: z
    .union([z.string(), z.number()], { error: 'expected a time' })
    .refine(
      (time) => candleTimeMs(time) !== undefined,
      'expected ISO 8601 with a zone, or whole Unix seconds',
    ),
  open: numeric,
  high: numeric,
  low: numeric,
  close: numeric,
  volume: numeric.optional(),
});

const inlineSource = z.strictObject({
  candles: z.array(candle).min(1).max(MAX_CANDLES),
  instrument: z.string().regex(/^[A-Z0-9_.]{2,20}$/, 'expected 2 to 20 of A-Z, 0-9, _ and .'),
  timeframe: z.enum(TIMEFRAMES),
  digits: z.int().min(0).max(MAX_DIGITS).optional(),
});
const source = z.union([
  inlineSource,
  z.strictObject({ signal_id: z.uuid() }),
  z.strictObject({ trade_id: z.uuid() }),
  z.strictObject({ account_id: z.uuid() }),
]);

const side = z.int().min(MIN_SIDE_PX).max(MAX_SIDE_PX);
const customSize = z.strictObject({
  width: side,
  height: side,
  scale: z.union([z.literal(1), z.literal(2)]).default(1),
});
const size = z.union([z.enum(['web', 'mobile', 'social']), customSize]);

/** The request body of `POST /api/v1/charts`. Cross-field rules are in `parseChartSpec`, which is the way in. */
export const chartSpecSchema = z.strictObject({
  kind: z.literal('candlestick', { error: 'only candlestick charts can be drawn' }),
  source,
  indicators: z
    .array(z.strictObject({ kind: z.literal('sma'), period: z.int().min(2).max(500) }))
    .max(MAX_INDICATORS)
    .default([
      { kind: 'sma', period: 20 },
      { kind: 'sma', period: 50 },
    ]),
  volume: z.boolean().default(true),
  size: size.default('web'),
  theme: z.enum(['light', 'dark', 'cvd']).default('light'),
  tz: z.string().max(64).refine(isTimeZone, 'expected an IANA time zone').default('UTC'),
  title: z.string().min(1).max(MAX_TITLE_LENGTH).optional(),
});

export type ChartSpec = z.output<typeof chartSpecSchema>;
export type InlineSource = z.output<typeof inlineSource>;
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
  return known.toSorted((left, right) => strangeness(left) - strangeness(right))[0];
}

function issueFaults(issue: Issue, base: readonly PropertyKey[]): SpecFault[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointerOf([...path, key]), detail: 'unknown field' }));
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

function seriesFaults(body: unknown): SpecFault[] {
  const sent = field(body, 'source');
  const candles: unknown = field(sent, 'candles');
  if (!Array.isArray(candles) || candles.length > MAX_CANDLES) return [];
  const digits = field(sent, 'digits');
  return candleFaults(candles, typeof digits === 'number' ? digits : 0, '/source/candles');
}

function precisionFaults(spec: ChartSpec): SpecFault[] {
  if (!('candles' in spec.source) || spec.source.digits !== undefined) return [];
  const candles: readonly RawCandle[] = spec.source.candles;
  return candleFaults(candles, dataDigits(candles), '/source/candles');
}

function drawingFaults(spec: ChartSpec): SpecFault[] {
  const faults: SpecFault[] = [];
  const pixels = devicePixels(typeof spec.size === 'string' ? NAMED_SIZES[spec.size] : spec.size);
  if (pixels > MAX_DEVICE_PIXELS) {
    faults.push({
      pointer: '/size',
      detail: `${pixels} device pixels, at most ${MAX_DEVICE_PIXELS} are drawn`,
    });
  }
  for (const [index, { period }] of spec.indicators.entries()) {
    if (spec.indicators.findIndex((other) => other.period === period) < index) {
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

/** Checks a request body. Outcomes: `ok` with defaults filled in, or `invalid` with every fault found. */
export function parseChartSpec(body: unknown): ParsedSpec {
  const parsed = chartSpecSchema.safeParse(body);
  const shape = parsed.success ? [] : parsed.error.issues.flatMap((issue) => issueFaults(issue, []));
  const faults = [...shape, ...seriesFaults(body), ...titleFaults(field(body, 'title'))];
  if (parsed.success) {
    faults.push(...drawingFaults(parsed.data));
    if (faults.length === 0) faults.push(...precisionFaults(parsed.data));
    if (faults.length === 0) return { outcome: 'ok', spec: parsed.data };
  }
  return { outcome: 'invalid', faults };
}
