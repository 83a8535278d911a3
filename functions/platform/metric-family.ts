/**
 * What a metric is, apart from its numbers. Labels are closed: a value outside the family's list or pattern is counted
 * as `other`, so that nothing a caller says becomes a series. Counters and gauges are keyed by their label values
 * joined by `|`; a histogram has no labels and is keyed by bucket bound, `+Inf` and `sum`, its buckets not cumulative.
 */

/** The values a label may have: all of them, or the pattern of ours that they follow. */
export type LabelValues = readonly string[] | RegExp;
export type CounterFamily = {
  kind: 'counter' | 'gauge';
  name: string;
  help: string;
  labels: Readonly<Record<string, LabelValues>>;
};
/** `bounds` in seconds, ascending. */
export type HistogramFamily = { kind: 'histogram'; name: string; help: string; bounds: readonly number[] };
export type MetricFamily = CounterFamily | HistogramFamily;
export type Measured = { family: MetricFamily; values: ReadonlyMap<string, number> };

/** What stands for every value that a family does not know. */
export const OTHER = 'other';
/** The bucket of everything above the last bound. */
export const INFINITE = '+Inf';
/** The key of a histogram's total of seconds. */
export const SUM = 'sum';
const JOIN = '|';

/** What HELP says of every metric that isolates count themselves. */
export const FLUSHED =
  'Counted in memory and flushed after answers: what an instance had not flushed when it ended is missing, and after a call to Redis that broke off a part may be there twice.';

/** Seconds from a millisecond to ten seconds: what answering a request may take. */
export const REQUEST_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

const fits = (value: string, allowed: LabelValues): boolean =>
  value === OTHER || (allowed instanceof RegExp ? allowed.test(value) : allowed.includes(value));

/** The key of these label values, in the order of the family's labels; what does not fit is `other`. */
export const labelKey = (family: CounterFamily, values: readonly string[]): string =>
  Object.values(family.labels)
    .map((allowed, i) => (fits(values[i] ?? '', allowed) ? (values[i] ?? '') : OTHER))
    .join(JOIN);

/** The label values of a key; null where the key is none of this family's. */
export function labelsOf(family: CounterFamily, key: string): string[] | null {
  const allowed = Object.values(family.labels);
  const values = allowed.length === 0 && key === '' ? [] : key.split(JOIN);
  const known = values.length === allowed.length && allowed.every((a, i) => fits(values[i] ?? '', a));
  return known ? values : null;
}

/** The keys that a family shows from the beginning: all combinations where every label has a list, else none. */
export function firstKeys(family: CounterFamily): string[] {
  let keys: string[][] = [[]];
  for (const allowed of Object.values(family.labels))
    keys = allowed instanceof RegExp ? [] : keys.flatMap((key) => allowed.map((value) => [...key, value]));
  return keys.map((key) => key.join(JOIN));
}

/** The bucket of an observation: the least bound that is not below it. Bounds are upper bounds, inclusive. */
export const bucketOf = (bounds: readonly number[], seconds: number): string =>
  String(bounds.find((bound) => seconds <= bound) ?? INFINITE);

/** Whether the key is one of a histogram's: any bound, also one of an earlier configuration. */
export const isHistogramKey = (key: string): boolean =>
  key === SUM || key === INFINITE || /^\d{1,9}(\.\d{1,9})?$/.test(key);
