import type { Deps } from '../platform/deps.ts';
import { causeOf } from '../platform/log.ts';
import { type OutboxEvent, outboxDone } from '../platform/outbox-store.ts';
import { type PictureWish, pictureWish } from '../platform/picture-wish.ts';
import { ProblemError } from '../platform/problem.ts';
import { altText } from './alt-text.ts';
import { subjectIds } from './chart-life.ts';
import { chartName } from './chart-name.ts';
import { parseChartSpec } from './chart-spec.ts';
import { insertChart } from './chart-store.ts';
import { fetchChartData } from './fetch-chart-data.ts';
import { fetchPicture } from './fetch-picture.ts';
import { lacksCandles } from './fetch-subject-candles.ts';
import { mediaKey } from './present-chart.ts';
import { resolveChart } from './resolved-chart.ts';

/**
 * After so many attempts, some eight minutes, the picture is left to whoever asks for it. Being sent again while it waits
 * counts as one, which is why there are more than a failure deserves.
 */
const MAX_ATTEMPTS = 5;

/**
 * Consumer of `picture.wanted`: draws a signal or a trade as it stands, for the user of the wish, so that it is there when
 * somebody looks. The same state of things is the same picture, so a repeat changes nothing. Candles that a
 * polled bridge has not sent yet are waited for; at the last attempt it is drawn from what there is. Where there is nothing to
 * draw (no candles even then, no such thing any more) the wish is done without one.
 */
export async function drawPicture(deps: Deps, event: OutboxEvent): Promise<void> {
  const wish = pictureWish(event.payload);
  try {
    if (wish !== null) await draw(deps, wish, event.attempts < MAX_ATTEMPTS);
  } catch (e) {
    // Any other refusal is an answer: the next attempt would get the same.
    const refused = e instanceof ProblemError && e.slug !== 'unavailable' && !lacksCandles(e);
    if (!refused && event.attempts < MAX_ATTEMPTS) throw e;
    const cause = e instanceof ProblemError ? e.slug : causeOf(e);
    deps.log({ kind: 'job', name: 'draw-picture', outcome: 'left', request_id: event.id, cause });
  }
  await deps.db.run(outboxDone(event.id, deps.clock.nowMs()));
}

async function draw(deps: Deps, { kind, id, userId }: PictureWish, upToSubject: boolean): Promise<void> {
  const source = kind === 'signal' ? { signal_id: id } : { trade_id: id };
  const parsed = parseChartSpec({ kind: 'candlestick', source });
  if (parsed.outcome === 'invalid') throw new Error('the spec of a wished picture is invalid');
  const data = await fetchChartData(deps, parsed.spec, { userId, role: 'user' }, { upToSubject });
  const chart = resolveChart(parsed.spec, data);
  const nowMs = deps.clock.nowMs();
  const name = await chartName(chart, { master: mediaKey(deps), userId });
  const alt = altText(chart);
  const entry = { ...name, ...subjectIds(chart), userId, chart, alt, createdMs: nowMs, expiresMs: null };
  const outcome = await insertChart(deps.db, entry);
  if (outcome !== 'revoked')
    await fetchPicture(deps, { digest: name.digest, format: 'png' }, async () => alt);
}
