import { need } from '../platform/config.ts';
import type { Deps } from '../platform/deps.ts';
import { seal } from '../platform/secret-box.ts';
import { DEFAULT_PRODUCER_ID, defaultProducerSecret } from './default-producer.ts';
import { insertDefaultProducer, isDefaultProducerDue } from './default-producer-store.ts';

/**
 * Makes the default producer where SIGNALS_HMAC_KEY is set and there is none. Once made it is a producer like any
 * other: another key changes nothing, rotation and revocation go through the API, and a revoked one stays revoked.
 * Returns whether this call made it.
 */
export async function seedDefaultProducer(deps: Deps): Promise<boolean> {
  const { config, db, ids, clock, log } = deps;
  const key = config.SIGNALS_HMAC_KEY;
  if (key === undefined || !(await isDefaultProducerDue(db, DEFAULT_PRODUCER_ID))) return false;
  const place = { table: 'producer_secrets', row: DEFAULT_PRODUCER_ID, version: 1 };
  const secret = await defaultProducerSecret(key);
  const sealed = await seal(need(config, 'PRODUCER_KEYS'), place, secret, ids.randomBytes(12));
  const made = await insertDefaultProducer(
    db,
    { id: DEFAULT_PRODUCER_ID, dedupWindowSeconds: config.SIGNALS_DEDUP_WINDOW_SECONDS },
    { ...sealed, version: 1 },
    {
      id: ids.next(),
      nowMs: clock.nowMs(),
      actorKind: 'system',
      actorId: null,
      action: 'producer.seed',
      subjectKind: 'producer',
      subjectId: DEFAULT_PRODUCER_ID,
      detail: {},
      requestId: 'tick',
    },
  );
  if (made)
    log({ kind: 'job', name: 'seed default producer', outcome: 'done', request_id: DEFAULT_PRODUCER_ID });
  return made;
}
