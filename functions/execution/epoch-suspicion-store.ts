/**
 * Suspicions that this database is older than what happened at a broker, as `restore-epoch.ts` rules them. Invariants: a
 * suspicion bars entries of its account from the statement on that notes it, with its divergence and its alert; what it
 * means to others is decided under the lock of the deployment's row, so that of two at once the second sees the first; only
 * an owner ends it, by name, with an audit row. Locks go in the order account, deployment.
 */
import { type SQL, sql } from 'drizzle-orm';
import { alertInsert } from '../platform/alert.ts';
import { type AuditEntry, auditInsert } from '../platform/audit.ts';
import { isoTime, timestampMs } from '../platform/clock.ts';
import type { Database } from '../platform/database.ts';
import type { EpochEvidence } from './restore-epoch.ts';
import { LAST_NUMBER, numberIn } from './restore-epoch-store.ts';

const lockedAccount = (id: string): SQL =>
  sql`SELECT 1 AS one FROM accounts WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
const lockedDeployment: SQL = sql`SELECT 1 AS one FROM deployment FOR NO KEY UPDATE`;
/** What tells one suspicion of an account, over `a` and the deployment `d`, from an earlier one that was judged. */
const nameOf = sql`'epoch ' || d.magic_epoch || CASE WHEN cardinality(a.epoch_dismissed) = 0 THEN ''
  ELSE ', after ' || cardinality(a.epoch_dismissed) || ' dismissed' END`;
/** Whether witnesses of two different users stand. */
const proven = sql`(SELECT count(DISTINCT o.user_id) > 1 FROM accounts o WHERE o.epoch_behind_at IS NOT NULL AND o.epoch_witness)`;

export type AlertIds = { id: string; eventId: string };

export type Seen = EpochEvidence & {
  accountId: string;
  nowMs: number;
  /** Whether the account's word may count for others: the deployment's row is left alone where it may not. */
  testifies: boolean;
};

/**
 * Notes what an account's broker shows, and what follows from it for the account and for others. Nothing where the number has
 * been given meanwhile. `alerts`: of the account, and of the whole deployment. The ids of the events that are new, which are
 * then to be sent.
 */
export async function suspectRestore(
  db: Database,
  seen: Seen,
  alerts: { account: AlertIds; deployment: AlertIds },
): Promise<string[]> {
  // Whose word begins to count locks the deployment with that: what follows for all is judged by what then stands.
  const [, ofOwn, ofAll] = await db.batch([
    ...[lockedAccount(seen.accountId), ownSuspicion(seen, alerts.account)],
    ...(seen.testifies ? [sharedSuspicion(seen.nowMs, alerts.deployment)] : []),
  ]);
  return [
    ...(ofOwn?.[0]?.['told'] === true ? [alerts.account.eventId] : []),
    ...(ofAll?.[0]?.['told'] === true ? [alerts.deployment.eventId] : []),
  ];
}

/** The account's entries stop, and others' doubts begin where its word counts for them and did not before. */
function ownSuspicion(seen: Seen, alert: AlertIds): SQL {
  const { accountId, magic, plausible, testifies, nowMs } = seen;
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const raised = alertInsert(
    {
      ...{ ...alert, nowMs, kind: 'epoch-suspected', subjectKind: 'account', subjectId: accountId },
      ...{ period: sql`acc.suspicion`, userId: sql`acc.user_id` },
      detail: sql`jsonb_build_object('account', acc.name, 'magic', ${magic}::text, 'suspicion', acc.suspicion)`,
    },
    sql`acc WHERE NOT acc.known`,
  );
  return sql`WITH before AS (
    SELECT a.id, a.epoch_behind_at IS NOT NULL AS known, a.epoch_witness AS witness, ${nameOf} AS suspicion
    FROM accounts a CROSS JOIN deployment d
    WHERE a.id = ${accountId}::uuid AND ${numberIn(sql`${magic}::bigint`)} > ${LAST_NUMBER}
  ), acc AS (
    UPDATE accounts a SET epoch_behind_at = coalesce(a.epoch_behind_at, ${now}), epoch_behind_magic = ${magic}::bigint,
      epoch_witness = a.epoch_witness OR (${plausible && testifies}::boolean AND a.trusted_at IS NOT NULL AND cardinality(a.epoch_dismissed) = 0),
      updated_at = ${now}
    FROM before WHERE a.id = before.id
    RETURNING a.id, a.user_id, a.name, before.known, before.suspicion, a.epoch_witness AND NOT before.witness AS testifies
  ), others AS (
    UPDATE deployment SET epoch_doubts = epoch_doubts + 1, updated_at = ${now} FROM acc WHERE acc.testifies
  ), div AS (
    INSERT INTO divergences (id, account_id, code, broker_key, evidence, status, detected_at)
    SELECT gen_random_uuid(), acc.id, 'EPOCH_BEHIND', acc.suspicion,
      jsonb_build_object('magic', ${magic}::text, 'plausible', ${plausible}::boolean::text), 'open', ${now}
    FROM acc WHERE NOT acc.known ON CONFLICT DO NOTHING
  ), ${raised} SELECT EXISTS (SELECT 1 FROM raised) AS told`;
}

/** All entries stop where two users' accounts prove a restore. A statement of its own: it sees what the first has written. */
function sharedSuspicion(nowMs: number, alert: AlertIds): SQL {
  const now = sql`${isoTime(nowMs)}::timestamptz`;
  const raised = alertInsert(
    {
      ...{ ...alert, nowMs, kind: 'epoch-behind', subjectKind: 'deployment', subjectId: 'restore-epoch' },
      ...{ period: sql`(extract(epoch FROM upd.epoch_behind_at) * 1000)::bigint::text`, userId: null },
      detail: sql`jsonb_build_object('epoch', upd.magic_epoch, 'magic', upd.epoch_behind_magic::text)`,
    },
    sql`upd`,
  );
  return sql`WITH upd AS (
    UPDATE deployment d SET epoch_behind_at = ${now}, updated_at = ${now},
      epoch_behind_magic = (SELECT max(o.epoch_behind_magic) FROM accounts o WHERE o.epoch_witness)
    WHERE d.epoch_behind_at IS NULL AND ${proven} RETURNING d.magic_epoch, d.epoch_behind_at, d.epoch_behind_magic
  ), ${raised} SELECT EXISTS (SELECT 1 FROM raised) AS told`;
}

export type Dismissal =
  | { kind: 'dismissed' }
  /** The account shows another magic than the one that was judged. */
  | { kind: 'other-magic'; magic: string }
  | { kind: 'no-suspicion' };

/**
 * An owner's word that `magic`, which an account shows, means no restore: it takes entries again, and so do all where no two
 * other users prove one. The account's word never counts for others again as long as the magic stands beyond our counter.
 */
export async function dismissSuspicion(
  db: Database,
  of: { accountId: string; magic: string },
  audit: AuditEntry,
): Promise<Dismissal> {
  const now = sql`${isoTime(audit.nowMs)}::timestamptz`;
  const account = sql`a.id = ${of.accountId}::uuid`;
  const [, , [row] = []] = await db.batch([
    ...[lockedAccount(of.accountId), lockedDeployment],
    sql`WITH acc AS (
      UPDATE accounts a SET epoch_behind_at = NULL, epoch_behind_magic = NULL, epoch_witness = false, updated_at = ${now},
        epoch_dismissed = a.epoch_dismissed || a.epoch_behind_magic
      WHERE ${account} AND a.epoch_behind_magic = ${of.magic}::bigint RETURNING a.id
    ), div AS (
      UPDATE divergences v SET status = 'resolved', resolved_at = ${now}, resolution = 'ignored',
        resolved_by = ${audit.actorId}::uuid FROM acc
      WHERE v.account_id = acc.id AND v.status = 'open' AND (v.code = 'EPOCH_BEHIND'
        -- What carries that magic has been judged with it, and holds back no entries either.
        OR v.code = 'ORPHAN_OWN' AND v.evidence->>'magic' = ${of.magic})
    ), aud AS (${auditInsert(audit, sql`acc`)})
    SELECT a.epoch_behind_magic AS magic, EXISTS (SELECT 1 FROM acc) AS dismissed FROM accounts a WHERE ${account}`,
    sql`UPDATE deployment SET epoch_behind_at = NULL, epoch_behind_magic = NULL, updated_at = ${now}
      WHERE epoch_behind_at IS NOT NULL AND NOT ${proven} AND EXISTS (SELECT 1 FROM audit_log WHERE id = ${audit.id}::uuid)`,
  ]);
  if (row?.['dismissed'] === true) return { kind: 'dismissed' };
  const magic = row?.['magic'] ?? null;
  return magic === null ? { kind: 'no-suspicion' } : { kind: 'other-magic', magic: String(magic) };
}

export type Suspicion = {
  accountId: string;
  userId: string;
  sinceMs: number;
  magic: string;
  /** Whether it counts for others. */
  witness: boolean;
};

/** The suspicions that stand, the oldest first, at most a hundred. */
export async function listSuspicions(db: Database): Promise<Suspicion[]> {
  const rows =
    await db.run(sql`SELECT id, user_id, epoch_behind_at, epoch_behind_magic, epoch_witness FROM accounts
    WHERE epoch_behind_at IS NOT NULL ORDER BY epoch_behind_at, id LIMIT 100`);
  return rows.map((r) => ({
    accountId: String(r['id']),
    userId: String(r['user_id']),
    sinceMs: timestampMs(String(r['epoch_behind_at'])),
    magic: String(r['epoch_behind_magic']),
    witness: r['epoch_witness'] === true,
  }));
}
