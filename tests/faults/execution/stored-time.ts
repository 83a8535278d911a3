// Time and work as they stand in the database for one account: whether anybody is at work for it, and how time goes by
// without anybody waiting for it.
import type { Sql } from './stage.ts';

/**
 * Whether somebody is, or soon will be, at work for the account without being asked: an approval unread, the lease held, a
 * command on its way or one that could go.
 */
export async function isBusy(sql: Sql, accountId: string): Promise<boolean> {
  const [row] = await sql(
    `SELECT (SELECT count(*) FROM outbox o JOIN approvals p ON p.id::text = o.payload->>'approval_id'
        WHERE o.done_at IS NULL AND o.dead_at IS NULL AND p.account_id = $1)::int
      + (SELECT count(*) FROM account_leases WHERE account_id = $1 AND expires_at > now())::int
      + (SELECT count(*) FROM commands WHERE account_id = $1 AND state = 'sent')::int
      + (SELECT count(*) FROM commands c JOIN outbox o ON o.id = c.id CROSS JOIN deployment d
        WHERE c.account_id = $1 AND c.state = 'created' AND c.not_before IS NULL AND d.epoch_behind_at IS NULL
          AND o.dead_at IS NULL AND o.last_error IS NULL AND NOT EXISTS (SELECT 1 FROM commands u
            WHERE u.account_id = c.account_id AND u.symbol = c.symbol AND u.state = 'unknown'))::int AS busy`,
    [accountId],
  );
  return row.busy > 0;
}

/** Everything stored of the account's commands, its lease, its snapshot and its bridge's last word becomes so much older. */
export async function letTimePass(sql: Sql, accountId: string, seconds: number): Promise<void> {
  const [columns] = await sql(
    `SELECT string_agg(format('%1$I = %1$I - make_interval(secs => $2)', column_name), ', ') AS list
     FROM information_schema.columns WHERE table_name = 'commands' AND data_type = 'timestamp with time zone'`,
  );
  const older = (table: string, sets: string, key: string) =>
    sql(`UPDATE ${table} SET ${sets} WHERE ${key} = $1`, [accountId, seconds]);
  await older('commands', columns.list, 'account_id');
  await older('account_leases', 'expires_at = expires_at - make_interval(secs => $2)', 'account_id');
  const heard = ['heard_at', 'next_at'].map((c) => `${c} = ${c} - make_interval(secs => $2)`).join(', ');
  await older(
    'bridge_contacts',
    heard,
    '(SELECT a.id FROM accounts a WHERE a.bridge_id = bridge_contacts.bridge_id)',
  );
  await older('accounts', 'snapshot_at = snapshot_at - make_interval(secs => $2)', 'id');
}

/** Makes the account's events overdue, so that the next tick sends them again, lost ones and those in flight too. */
export async function makeOverdue(sql: Sql, accountId: string): Promise<void> {
  await sql(
    `UPDATE outbox SET available_at = created_at, dead_at = NULL WHERE done_at IS NULL AND attempts < 8
       AND (payload->>'command_id' IN (SELECT id::text FROM commands WHERE account_id = $1)
         OR payload->>'approval_id' IN (SELECT id::text FROM approvals WHERE account_id = $1))`,
    [accountId],
  );
}

/** Commands whose fate is open, and events still to be done. */
export async function openWork(sql: Sql, accountId: string): Promise<{ commands: number; events: number }> {
  const [row] = await sql(
    `SELECT count(*) FILTER (WHERE state IN ('created', 'sent', 'unknown'))::int AS commands,
      (SELECT count(*) FROM outbox o WHERE o.done_at IS NULL AND (o.payload->>'command_id' IN
          (SELECT id::text FROM commands WHERE account_id = $1) OR o.payload->>'approval_id' IN
          (SELECT id::text FROM approvals WHERE account_id = $1)))::int AS events
     FROM commands WHERE account_id = $1`,
    [accountId],
  );
  return row;
}
