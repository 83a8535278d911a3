// What a fuzzing run has met: every answer is judged alone, counted by what it was, and the books are held against
// the answers at the end.
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Json } from '../../infra/local/api-client.ts';
import type { Ask } from './runtime.ts';
import type { World } from './world.ts';

/** A rare answer may need another round; one that cannot come at all fails after these. */
const MOST_ROUNDS = 6;

export type Answer = { status: number; body: Json };
export type Tally = ReturnType<typeof fuzzTally>;

/** Counts answers of one lane; a word is a status, or a status and what the problem is called. */
export function fuzzTally(w: World, lane: string) {
  const counts = new Map<string, number>();
  const note = (word: string): void => void counts.set(word, (counts.get(word) ?? 0) + 1);
  return {
    note,
    /** Sends it. The answer is no 5xx, and a refusal is a whole problem of this request. */
    async send(ask: Ask): Promise<Answer> {
      const answer = await w.rt.call(ask);
      const text = await answer.text();
      const { status } = answer;
      expect(status, `${ask.method ?? 'GET'} ${ask.target}: ${text}`).toBeLessThan(500);
      const isJson = /^application\/(problem\+)?json/.test(answer.headers.get('content-type') ?? '');
      const body: Json = isJson && text !== '' ? JSON.parse(text) : null;
      if (status >= 400) {
        expect(answer.headers.get('content-type'), text).toBe('application/problem+json');
        expect(body.status).toBe(status);
        expect(body.request_id).toBe(answer.headers.get('x-request-id'));
      }
      const slug = String(body?.type).replace('urn:countersign:problem:', '');
      const of = body?.duplicate_of ? `/${body.duplicate_of}` : '';
      note(status < 400 ? String(status) : `${status} ${slug}${of}`);
      return { status, body };
    },
    /**
     * Runs the property, again while one of `must` has not been met, prints how often each was met, and fails for one
     * that never was, and for one that is in neither list.
     */
    async run<T>(
      property: fc.IAsyncProperty<T>,
      each: { seed: number; numRuns: number },
      must: readonly string[],
      may: readonly string[] = [],
    ): Promise<void> {
      const missed = () => must.filter((word) => !counts.has(word));
      for (let round = 0; round < MOST_ROUNDS && (round === 0 || missed().length > 0); round += 1)
        await fc.assert(property, { ...each, seed: each.seed + round });
      const met = [...counts].sort().map(([word, count]) => `${word}: ${count}`);
      console.info(`fuzz ${w.rt.name}, ${lane}: ${met.join(', ')}`);
      expect(missed(), `${lane}: never met`).toEqual([]);
      const known = new Set([...must, ...may]);
      const unforeseen = [...counts.keys()].filter((word) => !known.has(word));
      expect(unforeseen, `${lane}: met and not foreseen`).toEqual([]);
    },
    /** The producer's signals are those that were acknowledged, each with its delivery, audit row and event. */
    async expectWhole(producerId: string, acknowledged: readonly string[]): Promise<void> {
      const rows = await w.rt.query(
        `SELECT s.id,
           (SELECT count(*)::int FROM deliveries d WHERE d.signal_id = s.id AND d.user_id = s.user_id) AS deliveries,
           (SELECT count(*)::int FROM audit_log a WHERE a.subject_id = s.id::text AND a.action = 'signal.create') AS audit,
           (SELECT count(*)::int FROM outbox o WHERE o.payload->>'signal_id' = s.id::text AND o.topic = 'signal.created')
             AS events
         FROM signals s WHERE s.producer_id = $1 ORDER BY s.id`,
        [producerId],
      );
      expect(rows).toEqual(
        [...acknowledged].sort().map((id) => ({ id, deliveries: 1, audit: 1, events: 1 })),
      );
      const audited = 'SELECT count(*) FROM audit_log WHERE actor_id = $1';
      expect(await w.count(audited, producerId)).toBe(acknowledged.length);
    },
  };
}
