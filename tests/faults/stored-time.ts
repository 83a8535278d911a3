// Time and work as they stand in the database for one account: whether anybody is at work for it, and how time goes by
// without anybody waiting for it.
import type { Sql } from './stage.ts';

/**
 * Whether somebody is, or soon will be, at work for the account without being asked: an approval unread, the lease held, a
 * command on its way, one that could go, one whose pause somebody sleeps through, or a close that is due to be looked at.
 */
export async function isBusy(sql: Sql, accountId: string): Promise<boolean> {
  const [row] = await sql(
    `SELECT EXISTS (SELECT 1 FROM account_leases WHERE account_id = $1 AND expires_at > now())
      OR EXISTS (SELECT 1 FROM commands WHERE account_id = $1 AND state = 'sent')
      OR EXISTS (SELECT 1 FROM exits WHERE account_id = $1 AND state = 'open' AND next_at <= now())
      OR EXISTS (SELECT 1 FROM outbox o JOIN approvals p ON p.id::text = o.payload->>'approval_id'
        WHERE o.done_at IS NULL AND o.dead_at IS NULL AND p.account_id = $1)
      OR EXISTS (SELECT 1 FROM commands c JOIN outbox o ON o.id = c.id JOIN accounts a ON a.id = c.account_id
          CROSS JOIN deployment d
        WHERE c.account_id = $1 AND c.state = 'created' AND (c.kind NOT IN ('open', 'place')
            OR d.epoch_behind_at IS NULL AND a.epoch_behind_at IS NULL AND a.epoch_doubts >= d.epoch_doubts)
          AND (c.not_before IS NULL OR c.not_before <= now() + interval '4 seconds')
          AND o.dead_at IS NULL AND o.last_error IS NULL AND NOT EXISTS (SELECT 1 FROM commands u
            WHERE u.account_id = c.account_id AND u.symbol = c.symbol AND u.state = 'unknown')) AS busy`,
    [accountId],
  );
  return row.busy;
}

/** Everything stored of the account's commands, its lease, its snapshot and its bridge's last word becomes so much older. */
export async function letTimePass(sql: Sql, accountId: string, seconds: number): Promise<void> {
  const columnsOf = async (table: string) => {
    const [columns] = await sql(
      `SELECT string_agg(format('%1$I = %1$I - make_interval(secs => $2)', column_name), ', ') AS list
       FROM information_schema.columns WHERE table_name = $1 AND data_type = 'timestamp with time zone'`,
      [table],
    );
    return columns.list;
  };
  const older = (table: string, sets: string, key: string) =>
    sql(`UPDATE ${table} SET ${sets} WHERE ${key} = $1`, [accountId, seconds]);
  for (const table of ['commands', 'exits']) await older(table, await columnsOf(table), 'account_id');
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

/** Commands whose fate is open, closes that go on, and events still to be done. */
export async function openWork(
  sql: Sql,
  accountId: string,
): Promise<{ commands: number; exits: number; events: number }> {
  const [row] = await sql(
    `SELECT count(*) FILTER (WHERE state IN ('created', 'sent', 'unknown'))::int AS commands,
      (SELECT count(*) FROM exits WHERE account_id = $1 AND state = 'open')::int AS exits,
      (SELECT count(*) FROM outbox o WHERE o.done_at IS NULL AND (o.payload->>'command_id' IN
          (SELECT id::text FROM commands WHERE account_id = $1) OR o.payload->>'approval_id' IN
          (SELECT id::text FROM approvals WHERE account_id = $1)))::int AS events
     FROM commands WHERE account_id = $1`,
    [accountId],
  );
  return row;
}
