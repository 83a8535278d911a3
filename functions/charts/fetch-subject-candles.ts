/** The bars of a signal or of trades, as their account's broker states them, and what is drawn on them. */
import type { Candle, Interval } from '../market/candle.ts';
import { candlesWithin, type Series } from '../market/candle-store.ts';
import { fetchCandleWindow } from '../market/fetch-candle-window.ts';
import { fetchCandles } from '../market/fetch-candles.ts';
import { resampledCandles, sourceWithin, wholeBars } from '../market/resampled-candles.ts';
import { serverClock } from '../market/server-clock.ts';
import { type StoredTimeframe, shortestMs, sourceOf, storedMs, type Timeframe } from '../market/timeframe.ts';
import type { Deps } from '../platform/deps.ts';
import { ProblemError, problem } from '../platform/problem.ts';
import type { SpecFault } from './candle-series.ts';
import type { CandleSpec } from './chart-spec.ts';
import type { ChartSubject } from './chart-subject-store.ts';
import type { CandleData, ChartAnnotations } from './resolved-chart.ts';
import { type SubjectSpan, shownRange, subjectTimeframe, subjectWindow } from './subject-window.ts';

/** Bars that indicators of the usual periods need before the first one shown. */
const WARM_UP_BARS = 50;
/** The clock on which bars longer than an hour begin, unless a broker's is known: that of most. */
const SERVER_ZONE = 'NY+7';

/** The refusal of a source that cannot be drawn. */
export const sourceFault = (pointer: string, detail: string, code?: SpecFault['code']): ProblemError =>
  problem('invalid-body', { errors: [{ pointer, detail, ...(code === undefined ? {} : { code }) }] });

/** Of a refusal: whether candles that come later would mend it. */
export const lacksCandles = (e: unknown): boolean =>
  e instanceof ProblemError && (e.extra.errors ?? []).some(({ code }) => code === NO_CANDLES);
const NO_CANDLES = 'no-candles' satisfies SpecFault['code'];

/** The data of a chart of one signal, or of trades of one account and symbol. 422 where there are none. */
export async function fetchSubjectCandles(
  deps: Deps,
  subjects: readonly ChartSubject[],
  of: { indicators: CandleSpec['indicators']; isSignal: boolean; upToSubject: boolean },
): Promise<CandleData> {
  const [subject] = subjects;
  if (subject === undefined) throw new Error('a chart of nothing');
  const nowMs = deps.clock.nowMs();
  const span = spanOf(subjects, of.isSignal);
  const timeframe = subjectTimeframe(span, nowMs);
  const warmUp = of.indicators.reduce((most, { period }) => Math.max(most, period), WARM_UP_BARS);
  const found = await barsOf(deps, subject, { span, timeframe, warmUp });
  const range = shownRange(
    found.map((bar) => bar.timeMs),
    span,
    warmUp,
  );
  const kept = found.slice(range.from, range.to);
  const last = kept.at(-1);
  if (last === undefined || (of.upToSubject && isBefore(last.timeMs, timeframe, span)))
    throw sourceFault(
      '/source',
      `there are no candles of ${subject.instrument} yet: no bridge has sent any`,
      NO_CANDLES,
    );
  return {
    instrument: subject.instrument,
    timeframe,
    digits: subject.digits,
    candles: kept.map((b) => ({
      timeMs: b.timeMs,
      ...{ open: Number(b.open), high: Number(b.high), low: Number(b.low), close: Number(b.close) },
      volume: Number(b.volume),
    })),
    visibleFrom: range.visibleFrom,
    annotations: annotationsOf(subjects),
  };
}

/** Bars that ended so long before are those of a market that is closed, and no bridge is behind with others. */
const CLOSED_MS = 6 * 3_600_000;

/** Whether more than the one bar that is still open is missing up to the last that is known of the subject. */
function isBefore(lastMs: number, timeframe: Timeframe, { fromMs, endMs }: SubjectSpan): boolean {
  const lackingMs = (endMs ?? fromMs) - lastMs - 2 * shortestMs(timeframe);
  return lackingMs > 0 && lackingMs < CLOSED_MS;
}

/** From the first beginning to the last end; what is not over has none. */
function spanOf(subjects: readonly ChartSubject[], isSignal: boolean): SubjectSpan {
  const ends = subjects.map(({ endMs }) => endMs);
  return {
    fromMs: Math.min(...subjects.map(({ fromMs }) => fromMs)),
    endMs: ends.reduce((last, end) => (last === null || end === null ? null : Math.max(last, end))) ?? null,
    timeframe: subjects[0]?.timeframe ?? null,
    isSignal,
  };
}

/** Levels belong to one order: of several trades only the fills are drawn. */
function annotationsOf(subjects: readonly ChartSubject[]): ChartAnnotations {
  const markers = subjects.flatMap(({ marks }) => marks.map((m) => ({ ...m, price: Number(m.price) })));
  const [subject, other] = subjects;
  if (subject === undefined || other !== undefined) return { markers };
  const optional = (key: string, value: string | null) => (value === null ? {} : { [key]: Number(value) });
  return {
    entry: Number(subject.entry),
    ...optional('stop_loss', subject.stopLoss),
    ...optional('take_profit', subject.takeProfit),
    markers,
  };
}

type Wanted = { span: SubjectSpan; timeframe: Timeframe; warmUp: number };

async function barsOf(
  deps: Deps,
  { accountId, bridgeId, symbol }: ChartSubject,
  { span, timeframe, warmUp }: Wanted,
): Promise<Candle[]> {
  const server = serverClock(SERVER_ZONE);
  if (accountId === null || server === null) return [];
  const nowMs = deps.clock.nowMs();
  const wanted = subjectWindow(span, timeframe, warmUp, nowMs);
  const put = (bars: readonly Candle[], source: StoredTimeframe, closedMs: number) =>
    timeframe === source ? [...bars] : resampledCandles(bars, timeframe, server, closedMs);
  if (wanted.kind === 'newest') {
    const source = sourceOf(timeframe);
    const count = wanted.bars * Math.ceil(shortestMs(timeframe) / storedMs(source));
    const series = { accountId, bridgeId, symbol, timeframe: source };
    return put(await fetchCandles(deps, series, Math.min(count, MAX_NEWEST)), source, nowMs);
  }
  const within = async (window: Interval): Promise<Candle[]> => {
    const whole = wholeBars(timeframe, server, window);
    const source = sourceWithin(timeframe, server, whole);
    const series = { accountId, bridgeId, symbol, timeframe: source };
    return put(await windowOf(deps, series, whole), source, nowMs);
  };
  const bars = await within(wanted.window);
  // A weekend, a holiday or a daily break took some of the time, and so of the bars.
  const { fromMs, toMs } = wanted.window;
  return bars.length >= ENOUGH * ((toMs - fromMs) / shortestMs(timeframe)) ? bars : within(wanted.wider);
}

/** Of the bars of a window: with so many of them it is not widened. */
const ENOUGH = 0.9;

/** Bars that a bridge gives in one reply. */
const MAX_NEWEST = 5_000;

/** The bars of a window; where the bridge is silent those that were seen before. */
async function windowOf(
  deps: Deps,
  of: Series & { bridgeId: string | null },
  window: Interval,
): Promise<Candle[]> {
  const found = await fetchCandleWindow(deps, of, window, null);
  return found.kind === 'ok' ? found.candles : candlesWithin(deps.db, of, window);
}
