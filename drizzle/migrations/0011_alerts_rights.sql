-- An alert is said once and stays; what became of it at its destinations is written as it goes.
GRANT SELECT, INSERT ON alerts TO countersign_runtime;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (attempts, doubtful, word, not_before, sent_at, updated_at) ON alert_deliveries TO countersign_runtime;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (revoked_at) ON alert_destinations TO countersign_runtime;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (expires_at, key_id, iv, ciphertext) ON alert_destination_secrets TO countersign_runtime;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (heard_at, outcome, failures, next_at, updated_at) ON bridge_contacts TO countersign_runtime;
