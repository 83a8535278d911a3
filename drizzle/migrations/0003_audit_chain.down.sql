DROP TABLE audit_seals;
--> statement-breakpoint
ALTER TABLE audit_log DROP COLUMN sha256;
--> statement-breakpoint
ALTER TABLE audit_log DROP COLUMN xact;
