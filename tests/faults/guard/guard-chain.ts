// What a guard should have known at each sample that it took: a unit's worth as a chain of what trading made of the money that
// was there, from the broker's own equity at the moment that the sample shows, and the bounds of its peak. The guard keeps
// units and divides; here nothing is divided by units, and no state of the guard is used but which samples it took.
import type { Note } from './guard-notes.ts';
import { type Capture, type GuardTruth, grown } from './guard-truth.ts';

/** A sample that was taken. */
export type Link = {
  /** When it was stored, and the moment that it shows. */
  storedMs: number;
  capture: Capture;
  nav: number;
  /** The highest that its peak may be, and the lowest. */
  peak: { most: number; least: number };
  /** Whether all its money was explained. */
  settled: boolean;
};
export type Chain = { links: Link[]; wrong: string[] };

/** A float carries so much of a worth, and each of hundreds of samples adds to it. */
const TOLERANCE = 1e-6;
/** A peak that one sample has shown waits for its second over samples that were refused. */
const NEAR = 6;
const BPS = 10_000;

/** The links of an account's notes, and where the guard knew otherwise. `rearmedMs`: when people re-armed it. */
export function chainOf(notes: readonly Note[], truth: GuardTruth, rearmedMs: readonly number[]): Chain {
  const captures = Map.groupBy(truth.captures, (c) => c.capturedMs);
  const links: Link[] = [];
  const wrong: string[] = [];
  let begun = 0;
  let seenMs: number | null = null;
  for (const { atMs, body: s } of notes.filter((n) => n.kind === 'state')) {
    if (s.last === null) continue;
    const isSample = s.seenMs !== seenMs && s.last.atMs === s.seenMs;
    seenMs = s.seenMs;
    const isBegun = links.length === 0 || isRebased(s, { atMs, before: links.at(-1), rearmedMs });
    if (!isSample && !isBegun) continue;
    const shown = captures.get(s.last.atMs) ?? [];
    const before = links.at(-1);
    const settled = s.flows?.unsettled === null;
    const candidates = shown.map((capture) => ({
      capture,
      nav: isBegun || before === undefined ? 1 : grown(before.nav, before.capture, capture),
    }));
    const nearest = candidates.toSorted((a, b) => Math.abs(a.nav - s.nav) - Math.abs(b.nav - s.nav))[0];
    if (nearest === undefined) {
      wrong.push(`(3) it judged a sample of ${clock(s.last.atMs)}, which nobody was shown`);
      continue;
    }
    if (isBegun) begun = links.length;
    // While money is under way its worth is a guess; the next sample whose money is all there says what it was.
    if (!settled) {
      links.push({
        ...nearest,
        ...(before ?? {}),
        storedMs: atMs,
        settled,
        peak: before?.peak ?? { most: 1, least: 1 },
      });
      continue;
    }
    const link = { storedMs: atMs, settled, ...nearest, peak: { most: 1, least: 1 } };
    links.push(link);
    link.peak = peakOf(links.slice(begun));
    wrong.push(...differences(s, link));
  }
  return { links, wrong };
}

// biome-ignore lint/suspicious/noExplicitAny: a state as it was stored.
type State = any;

/** Whether its units began anew, as they do once a person re-arms it, and where nothing was left. */
function isRebased(
  s: State,
  at: { atMs: number; before: Link | undefined; rearmedMs: readonly number[] },
): boolean {
  if (s.nav !== '1' || s.peak !== '1') return false;
  const isEmpty = s.phase === 'empty' || (at.before?.capture.equity ?? 1) <= 0;
  return isEmpty || at.rearmedMs.includes(at.atMs);
}

function peakOf(links: readonly Link[]): Link['peak'] {
  const own = links.filter((l) => l.settled);
  let [most, least] = [1, 1];
  for (const [i, link] of own.entries()) {
    for (const other of own.slice(i + 1, i + 1 + NEAR)) most = Math.max(most, Math.min(link.nav, other.nav));
    const next = links[links.indexOf(link) + 1];
    const isOpen = (l: Link) => l.capture.tradable === l.capture.lots;
    if (next?.settled && isOpen(link) && isOpen(next)) least = Math.max(least, Math.min(link.nav, next.nav));
  }
  return { most, least };
}

function differences(s: State, { capture, nav, peak }: Link): string[] {
  const at = `at ${clock(capture.capturedMs)}`;
  const said = { nav: Number(s.nav), peak: Number(s.peak) };
  const expected = Math.max(0, 1 - said.nav / said.peak) * BPS;
  return [
    ...(Math.abs(said.nav - Math.max(0, nav)) <= TOLERANCE
      ? []
      : [`(3) ${at} a unit was worth ${s.nav}, and is ${nav}`]),
    ...(said.peak <= peak.most + TOLERANCE
      ? []
      : [`(3) ${at} the peak was ${s.peak}, and none was above ${peak.most}`]),
    ...(said.peak >= peak.least - TOLERANCE
      ? []
      : [`(3) ${at} the peak was ${s.peak}, and ${peak.least} was shown twice`]),
    ...(Math.abs(s.drawdownBps - expected) <= 0.01
      ? []
      : [`(3) ${at} the drawdown was ${s.drawdownBps}, and is ${expected}`]),
  ];
}

/** In basis points: how far an account was below its peak at a moment after a link, if the peak is this. */
export const fallAt = (
  { nav, capture }: Link,
  peak: number,
  at: Pick<Capture, 'equity' | 'flowed'> = capture,
): number => (1 - grown(nav, capture, at) / peak) * BPS;

/** A moment for a reader. */
export const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 23);
