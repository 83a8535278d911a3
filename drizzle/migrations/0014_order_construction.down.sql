ALTER TABLE commands DROP CONSTRAINT ck_commands_leg;
--> statement-breakpoint
ALTER TABLE commands DROP CONSTRAINT ck_commands_kind;
--> statement-breakpoint
DROP INDEX ux_commands_approval;
--> statement-breakpoint
-- One command an approval is all that the older schema knows; what a close's other commands did stays with the account.
UPDATE commands SET approval_id = NULL WHERE leg > 0;
--> statement-breakpoint
CREATE UNIQUE INDEX ux_commands_approval ON commands (approval_id) WHERE approval_id IS NOT NULL;
--> statement-breakpoint
ALTER TABLE commands DROP COLUMN leg;
--> statement-breakpoint
ALTER TABLE accounts DROP COLUMN risk_bps, DROP COLUMN risk_base, DROP COLUMN max_volume, DROP COLUMN max_positions,
  DROP COLUMN min_stop_points, DROP COLUMN reward_ratio, DROP COLUMN max_spread_points, DROP COLUMN commission_per_lot,
  DROP COLUMN margin_share_bps, DROP COLUMN instruments, DROP COLUMN symbols, DROP COLUMN orders_made;
--> statement-breakpoint
DROP TABLE account_symbols;
