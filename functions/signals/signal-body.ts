/**
 * What a signal's body must be. Pure: the same bytes at the same moment give the same signal or the same faults.
 * Prices stay text from end to end; a JSON number is taken by its digits as sent, and only while a double could not
 * have altered them.
 */
import { z } from '@hono/zod-openapi';
import { isoTime } from '../platform/clock.ts';
import { compare, decimalPlaces, isPlainDecimal, plain } from '../platform/decimal.ts';
import { type Fault, jsonPointer } from '../platform/problem.ts';
import type { JsonValue } from '../platform/strict-json.ts';

const PRICE_KEYS = ['price', 'stop_loss', 'take_profit'] as const;
const MAX_AHEAD_MS = 300_000;
const DEFAULT_LIFE_MS = 4 * 3_600_000;
const MAX_LIFE_MS = 7 * 86_400_000;
const MAX_SIGNIFICANT_DIGITS = 15;

const priceText = z
  .string()
  .refine(isPlainDecimal, 'must be a plain decimal without sign or exponent')
  .refine((s) => !isPlainDecimal(s) || decimalPlaces(s) <= 8, 'has more than 8 decimal places')
  .refine(
    (s) => !isPlainDecimal(s) || (compare(s, '0') > 0 && compare(s, '1000000') < 0),
    'must be above 0 and below 1000000',
  )
  .openapi({ description: 'plain decimal, as a string or a JSON number', example: '2035.1' });
/** What the database can hold and ISO 8601 can print with four digits of the year. */
const FIRST_MS = Date.UTC(1970, 0);
const LAST_MS = Date.UTC(9999, 11, 31);
const moment = z.iso
  .datetime({ offset: true, error: 'must be ISO 8601 with an offset' })
  .max(40)
  .transform((s) => Date.parse(s))
  .refine((ms) => ms >= FIRST_MS && ms <= LAST_MS, 'must be a time from 1970 to 9999');
const printable = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}]*$/u, 'must be printable characters');

/** The body of `POST /api/v1/signals`; unknown members are refused. */
export const signalBodySchema = z
  .strictObject({
    instrument: z.string().regex(/^[A-Z0-9_.]{2,20}$/, 'must be 2 to 20 of A-Z, 0-9, _ and .'),
    side: z.enum(['buy', 'sell']),
    price: priceText,
    intent: z.enum(['open', 'close']).default('open'),
    order_type: z.enum(['market', 'limit', 'stop']).default('market'),
    stop_loss: priceText.optional(),
    take_profit: priceText.optional(),
    order_expires_at: moment.optional(),
    max_slippage_points: z.number().int().min(0).max(1_000_000).optional(),
    time: moment.optional(),
    expires_at: moment.optional(),
    version: z
      .string()
      .regex(/^[0-9A-Za-z._-]{1,20}$/, 'must be 1 to 20 of 0-9, A-Z, a-z, ., _ and -')
      .default('1'),
    external_id: printable(100).optional(),
    strategy: printable(100).optional(),
    timeframe: printable(20).optional(),
    schema: z.literal(1).default(1),
    payload: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi('NewSignal');

type SoundMembers = Partial<z.output<typeof signalBodySchema>>;
export type SignalBody = Omit<
  z.output<typeof signalBodySchema>,
  'time' | 'expires_at' | 'order_expires_at'
> & {
  timeMs: number;
  timeGiven: boolean;
  expiresMs: number;
  orderExpiresMs: number | null;
  /** The normalised content, for the comparison of repeats: RFC 8785 input, a defaulted time left out. */
  content: Record<string, unknown>;
};
export type SignalBodyResult =
  | { ok: true; signal: SignalBody }
  | { ok: false; faults: Fault[]; schema: boolean };

/**
 * Judges a parsed body. `numbers` holds the digits of top-level numbers as sent; `webhookId` takes the place of an absent
 * `external_id`. All faults are reported at once.
 */
export function readSignalBody(
  value: JsonValue,
  numbers: ReadonlyMap<string, string>,
  nowMs: number,
  webhookId?: string,
): SignalBodyResult {
  const faults: Fault[] = [];
  const texts = withExternalId(withPriceTexts(value, numbers, faults), webhookId);
  const parsed = signalBodySchema.safeParse(texts);
  if (!parsed.success) faults.push(...parsed.error.issues.flatMap(issueFaults));
  // What fits by itself is judged together even where something else does not fit: all faults come at once.
  const sound = parsed.success ? parsed.data : soundMembers(texts);
  faults.push(...timeFaults(nowMs, sound), ...stopFaults(sound));
  if (!parsed.success || faults.length > 0)
    return { ok: false, faults, schema: faults.some((f) => f.pointer === '/schema') };
  const { time, expires_at, order_expires_at, ...rest } = parsed.data;
  const timeMs = time ?? nowMs;
  const expiresMs = expires_at ?? nowMs + DEFAULT_LIFE_MS;
  const prices = Object.fromEntries(
    PRICE_KEYS.flatMap((k) => (rest[k] === undefined ? [] : [[k, plain(rest[k])]])),
  );
  const times = {
    ...(time === undefined ? {} : { time: isoTime(time) }),
    ...(expires_at === undefined ? {} : { expires_at: isoTime(expires_at) }),
    ...(order_expires_at === undefined ? {} : { order_expires_at: isoTime(order_expires_at) }),
  };
  return {
    ok: true,
    signal: {
      ...rest,
      ...prices,
      timeMs,
      timeGiven: time !== undefined,
      expiresMs,
      orderExpiresMs: order_expires_at ?? null,
      content: { ...rest, ...prices, ...times },
    },
  };
}

function withPriceTexts(value: JsonValue, numbers: ReadonlyMap<string, string>, faults: Fault[]): JsonValue {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const copy = { ...value };
  for (const key of PRICE_KEYS) {
    if (typeof copy[key] !== 'number') continue;
    const text = numbers.get(key) ?? '';
    if (significantDigits(text) > MAX_SIGNIFICANT_DIGITS)
      faults.push({ pointer: `/${key}`, detail: 'has more than 15 significant digits: send a string' });
    copy[key] = text;
  }
  return copy;
}

function withExternalId(value: JsonValue, webhookId: string | undefined): JsonValue {
  if (webhookId === undefined || typeof value !== 'object' || value === null || Array.isArray(value))
    return value;
  return value['external_id'] === undefined ? { ...value, external_id: webhookId } : value;
}

const significantDigits = (text: string): number =>
  text
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '').length;

function issueFaults(issue: z.core.$ZodIssue): Fault[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((k) => ({
      pointer: jsonPointer([...issue.path, k]),
      detail: 'is not a known member',
    }));
  return [{ pointer: jsonPointer(issue.path), detail: issue.message }];
}

/** The members that fit their own schema; what is missing or wrong is left out, and defaults are filled in. */
function soundMembers(value: JsonValue): SoundMembers {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const found = Object.entries(signalBodySchema.shape).flatMap(([key, schema]) => {
    const member = schema.safeParse(value[key]);
    return member.success ? [[key, member.data]] : [];
  });
  return Object.fromEntries(found);
}

function timeFaults(nowMs: number, s: SoundMembers): Fault[] {
  const faults: Fault[] = [];
  const life = (s.expires_at ?? nowMs + DEFAULT_LIFE_MS) - nowMs;
  if (s.time !== undefined && s.time - nowMs > MAX_AHEAD_MS)
    faults.push({ pointer: '/time', detail: 'is more than 300 seconds ahead of our clock' });
  if (life <= 0) faults.push({ pointer: '/expires_at', detail: 'has passed' });
  if (life > MAX_LIFE_MS) faults.push({ pointer: '/expires_at', detail: 'is more than 7 days away' });
  if (s.order_expires_at !== undefined && s.order_expires_at <= nowMs)
    faults.push({ pointer: '/order_expires_at', detail: 'has passed' });
  return faults;
}

/** On an opening signal the stop is on the losing side of the price and the target on the winning one. */
function stopFaults(s: SoundMembers): Fault[] {
  if (s.intent !== 'open' || s.side === undefined || s.price === undefined) return [];
  const losing = s.side === 'buy' ? -1 : 1;
  const word = (below: boolean) => `must be ${below ? 'below' : 'above'} the price of a ${s.side}`;
  const faults: Fault[] = [];
  if (s.stop_loss !== undefined && compare(s.stop_loss, s.price) !== losing)
    faults.push({ pointer: '/stop_loss', detail: word(losing < 0) });
  if (s.take_profit !== undefined && compare(s.take_profit, s.price) !== -losing)
    faults.push({ pointer: '/take_profit', detail: word(losing > 0) });
  return faults;
}
