ALTER TABLE accounts DROP CONSTRAINT ck_accounts_witness, DROP CONSTRAINT ck_accounts_behind, DROP CONSTRAINT ck_accounts_released;
--> statement-breakpoint
DROP INDEX ux_accounts_binding, ix_accounts_epoch, ux_accounts_next_bridge;
--> statement-breakpoint
-- The older code gives a binding to one account for ever: it is the one that has it now.
UPDATE accounts SET server = NULL, login = NULL, bound_at = NULL WHERE released_at IS NOT NULL;
--> statement-breakpoint
ALTER TABLE users DROP COLUMN max_bridges;
--> statement-breakpoint
ALTER TABLE deployment DROP COLUMN epoch_doubts;
--> statement-breakpoint
ALTER TABLE accounts DROP COLUMN trusted_at, DROP COLUMN epoch_behind_at, DROP COLUMN epoch_behind_magic,
  DROP COLUMN epoch_witness, DROP COLUMN epoch_dismissed, DROP COLUMN epoch_doubts, DROP COLUMN next_bridge_id,
  DROP COLUMN bridge_since, DROP COLUMN released_at;
--> statement-breakpoint
CREATE UNIQUE INDEX ux_accounts_binding ON accounts USING btree (server, login) WHERE login IS NOT NULL;
--> statement-breakpoint
ALTER SEQUENCE command_number MAXVALUE 268435455;
