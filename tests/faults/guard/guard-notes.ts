// What the database itself notes of a guard while a schedule runs, whoever writes: each state that was stored, each phase by
// which entries are judged, and under which of them a command was sent.
import type { TestDatabase } from '../../support/test-database.ts';

// biome-ignore lint/suspicious/noExplicitAny: a row as it was noted.
type Json = any;
export type Note = { seq: number; kind: 'state' | 'phase' | 'sent'; atMs: number; body: Json };

const NOTES = `
  CREATE TABLE test_guard_notes (seq bigserial PRIMARY KEY, account_id uuid NOT NULL, kind text NOT NULL, at timestamptz NOT NULL,
    body jsonb NOT NULL);
  CREATE INDEX ON test_guard_notes (account_id, seq);
  CREATE FUNCTION test_note_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      IF TG_TABLE_NAME = 'guards' THEN
        INSERT INTO test_guard_notes (account_id, kind, at, body) VALUES (NEW.account_id, 'state', NEW.updated_at, NEW.state);
      ELSIF TG_TABLE_NAME = 'accounts' THEN
        INSERT INTO test_guard_notes (account_id, kind, at, body) VALUES (NEW.id, 'phase', NEW.updated_at,
          jsonb_build_object('was', OLD.guard_phase, 'is', NEW.guard_phase));
      ELSE
        INSERT INTO test_guard_notes (account_id, kind, at, body) SELECT a.id, 'sent', NEW.updated_at,
          jsonb_build_object('id', NEW.id, 'kind', NEW.kind, 'trip', NEW.trip_id, 'phase', a.guard_phase)
          FROM accounts a WHERE a.id = NEW.account_id;
      END IF;
      RETURN NULL;
    END $$;
  CREATE TRIGGER test_note_state AFTER INSERT OR UPDATE ON guards FOR EACH ROW WHEN (NEW.state IS NOT NULL)
    EXECUTE FUNCTION test_note_guard();
  CREATE TRIGGER test_note_phase AFTER UPDATE ON accounts FOR EACH ROW
    WHEN (OLD.guard_phase IS DISTINCT FROM NEW.guard_phase) EXECUTE FUNCTION test_note_guard();
  CREATE TRIGGER test_note_sent AFTER UPDATE ON commands FOR EACH ROW
    WHEN (NEW.state = 'sent' AND OLD.state <> 'sent') EXECUTE FUNCTION test_note_guard();`;

/** Has a database take these notes. */
export const takeGuardNotes = (t: TestDatabase): Promise<unknown> => t.sql(NOTES);

/** What was noted of an account, in its order. */
export async function guardNotes(t: TestDatabase, accountId: string): Promise<Note[]> {
  const rows = await t.sql(
    `SELECT seq::int, kind, (extract(epoch FROM at) * 1000)::bigint::text AS at_ms, body FROM test_guard_notes
     WHERE account_id = $1 ORDER BY seq`,
    [accountId],
  );
  return rows.map((r) => ({
    seq: Number(r['seq']),
    kind: r['kind'] as Note['kind'],
    atMs: Number(r['at_ms']),
    body: r['body'],
  }));
}
