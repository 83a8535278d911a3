GRANT SELECT, INSERT, UPDATE (epoch, expires_at) ON account_leases TO countersign_runtime;
--> statement-breakpoint
-- A further attempt has a magic of its own.
GRANT UPDATE (attempt, magic, not_before, lease_epoch, broker_comment) ON commands TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (magic_epoch, epoch_behind_at, epoch_behind_magic) ON deployment TO countersign_runtime;
--> statement-breakpoint
-- A broker's highest number is compared with the last one given.
GRANT SELECT ON SEQUENCE command_number TO countersign_runtime;
