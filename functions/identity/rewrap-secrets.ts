/**
 * The rotation of a master key: secrets sealed under an older key of the ring are sealed again under its first. When no
 * line `waiting` and no row of the old key id is left, the old key can leave the ring. A row that does not open (its
 * ciphertext was changed or belongs to another row) is left as it is and named by its kind, never sealed anew.
 */
import { need, type RingKey } from '../platform/config.ts';
import type { Deps } from '../platform/deps.ts';
import { open, seal } from '../platform/secret-box.ts';
import { ALERT_DESTINATION, BRIDGE, PRODUCER, type SigningParty } from './signing-party.ts';
import {
  listUnknownKeyIds,
  readSecretsToRewrap,
  rewrapSecret,
  type StoredSecret,
} from './signing-party-store.ts';

/** Secrets re-sealed of one kind in one tick. */
const PAGE = 100;

/** One tick's page for each kind. Returns how many secrets were sealed again. */
export async function rewrapSecrets(deps: Deps): Promise<number> {
  let count = 0;
  for (const party of [PRODUCER, BRIDGE, ALERT_DESTINATION]) count += await rewrapParty(deps, party);
  return count;
}

async function rewrapParty(deps: Deps, party: SigningParty): Promise<number> {
  const ring = need(deps.config, party.ring);
  const ids = ring.map((k) => k.id);
  const line = (outcome: string, cause: string) =>
    deps.log({ kind: 'job', name: `rewrap ${party.kind}`, outcome, request_id: '', cause });
  for (const keyId of await listUnknownKeyIds(deps.db, party, ids))
    line('key-missing', `secrets are sealed under the key ${keyId}, which ${party.ring} lacks`);
  let done = 0;
  let shut = 0;
  let after: StoredSecret | null = null;
  // A row that stays shut must not hold up those behind it, so the page moves on over it.
  while (done < PAGE) {
    const page: StoredSecret[] = await readSecretsToRewrap(deps.db, party, ids, after, PAGE);
    for (const stored of page.slice(0, PAGE - done)) {
      const outcome = await rewrapOne(deps, party, ring, stored);
      if (outcome === 'done') done += 1;
      if (outcome === 'shut') shut += 1;
    }
    after = page.at(-1) ?? null;
    if (page.length < PAGE) break;
  }
  if (shut > 0) line('shut', `${shut} secrets do not open with the key that they name`);
  if (done > 0) line('done', `${done} secrets`);
  return done;
}

async function rewrapOne(
  deps: Deps,
  party: SigningParty,
  ring: readonly RingKey[],
  stored: StoredSecret,
): Promise<'done' | 'shut' | 'changed'> {
  const { db, ids, clock } = deps;
  const place = { table: party.secretsTable, row: stored.partyId, version: stored.version };
  const bytes = await open(ring, place, stored);
  if (bytes === null) return 'shut';
  const sealed = await seal(ring, place, bytes, ids.randomBytes(12));
  const audit = {
    id: ids.next(),
    nowMs: clock.nowMs(),
    actorKind: 'system' as const,
    actorId: null,
    action: `${party.kind}.rewrap`,
    subjectKind: party.kind,
    subjectId: stored.partyId,
    detail: { version: stored.version, from_key: stored.keyId, to_key: sealed.keyId },
    requestId: 'tick',
  };
  return (await rewrapSecret(db, party, stored, sealed, audit)) ? 'done' : 'changed';
}
