// What the database itself notes while schedules run, whoever writes: each snapshot that was applied, each money figure of
// the ledger that moved and in which transaction, and each trade that left its end; and how books are wiped.
import pg from 'pg';
import type { Ground } from '../stage.ts';

const TABLES = ['trades', 'trade_legs', 'broker_deals', 'positions', 'equity_points'];
const DATABASE = 'countersign';

const NOTES = `
  CREATE TABLE test_applied (id bigserial PRIMARY KEY, account_id uuid NOT NULL, boot_id text NOT NULL, seq bigint NOT NULL,
    tx xid8 NOT NULL);
  CREATE INDEX ON test_applied (account_id);
  CREATE TABLE test_moved (account_id uuid NOT NULL, name text NOT NULL, tx xid8 NOT NULL, PRIMARY KEY (account_id, tx, name));
  CREATE TABLE test_revived (account_id uuid NOT NULL, position_id text NOT NULL, episode int NOT NULL, becomes text NOT NULL);
  CREATE FUNCTION test_note_applied() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      INSERT INTO test_applied (account_id, boot_id, seq, tx)
        VALUES (NEW.id, NEW.boot_id, NEW.bridge_seq, pg_current_xact_id());
      RETURN NULL;
    END $$;
  CREATE FUNCTION test_note_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      INSERT INTO test_moved (account_id, name, tx) VALUES (coalesce(NEW.account_id, OLD.account_id), TG_TABLE_NAME,
        pg_current_xact_id()) ON CONFLICT DO NOTHING;
      RETURN NULL;
    END $$;
  CREATE FUNCTION test_note_revived() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      IF TG_OP = 'DELETE' OR NEW.status <> 'closed' THEN
        INSERT INTO test_revived (account_id, position_id, episode, becomes) VALUES (OLD.account_id, OLD.position_id,
          OLD.episode, CASE WHEN TG_OP = 'DELETE' THEN 'gone' ELSE NEW.status END);
      END IF;
      RETURN NULL;
    END $$;
  -- What people settled stays: the broker's history does not tell of it. The account comes first, so that whoever compares
  -- it meanwhile has lost.
  CREATE FUNCTION test_wipe(account uuid) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
    UPDATE accounts SET deals_cursor = NULL, history_until = NULL, booked = 0, flowed = 0, credited = 0, version = version + 1
      WHERE id = account;
    DELETE FROM trade_legs WHERE account_id = account;
    DELETE FROM trades WHERE account_id = account;
    DELETE FROM positions WHERE account_id = account;
    DELETE FROM broker_deals WHERE account_id = account;
    DELETE FROM broker_orders WHERE account_id = account;
    DELETE FROM divergences WHERE account_id = account AND resolved_by IS NULL;
  $$;
  -- Whoever applies a snapshot names it, though it were the same once more.
  CREATE TRIGGER test_note_applied AFTER UPDATE OF boot_id ON accounts FOR EACH ROW WHEN (NEW.boot_id IS NOT NULL)
    EXECUTE FUNCTION test_note_applied();
  CREATE TRIGGER test_note_revived AFTER UPDATE OR DELETE ON trades FOR EACH ROW WHEN (OLD.status = 'closed')
    EXECUTE FUNCTION test_note_revived();
  ${TABLES.map(
    (table) => `CREATE TRIGGER test_note_moved AFTER INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW
    EXECUTE FUNCTION test_note_moved();`,
  ).join('\n')}`;

/** Has the database of a ground take these notes. */
export async function takeNotes(ground: Ground): Promise<void> {
  const client = new pg.Client({ connectionString: ground.superuserUrl(DATABASE) });
  await client.connect();
  try {
    await client.query(NOTES);
  } finally {
    await client.end();
  }
}
