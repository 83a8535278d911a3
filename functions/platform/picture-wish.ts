/**
 * Wishing for a picture of something that happened, for every room: written in the commit of what happened, with an id that
 * follows from it, so that it is wished for once. Nobody waits for it: the next tick sends it to a lane of its own, and while
 * `MAX_WAITING` wait no other is taken on; such a picture is drawn when somebody asks for it.
 */
import { type SQL, sql } from 'drizzle-orm';
import { isoTime } from './clock.ts';

export const PICTURE_TOPIC = 'picture.wanted';
export const MAX_WAITING = 200;

/** `userId`: for whom it is drawn. */
export type PictureWish = { kind: 'signal' | 'trade'; id: string; userId: string };

/** The wish of an event; null where it says something else. */
export function pictureWish(payload: Record<string, unknown>): PictureWish | null {
  const { kind, id, user_id: userId } = payload;
  if (kind !== 'signal' && kind !== 'trade') return null;
  return typeof id === 'string' && typeof userId === 'string' ? { kind, id, userId } : null;
}

/**
 * The INSERT of wishes, as part of the statement that changes something. `from` gives their rows: `event_id` and
 * `subject_id` (uuid), and `user_id`. The topic stands in its index as it stands here.
 */
export const wishInsert = (kind: PictureWish['kind'], from: SQL, nowMs: number): SQL => {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  return sql`INSERT INTO outbox (id, topic, payload, created_at, available_at, attempts)
    SELECT w.event_id, 'picture.wanted', jsonb_build_object('kind', ${kind}::text, 'id', w.subject_id, 'user_id', w.user_id),
      ${now}, ${now}, 0 FROM (${from}) AS w
    WHERE (SELECT count(*) FROM (SELECT 1 FROM outbox o WHERE o.topic = 'picture.wanted' AND o.done_at IS NULL
      AND o.dead_at IS NULL LIMIT ${MAX_WAITING}) AS waiting) < ${MAX_WAITING}
    ON CONFLICT DO NOTHING`;
};
