-- Seals are append-only, as the rows are that they seal.
GRANT SELECT, INSERT ON audit_seals TO countersign_runtime;
--> statement-breakpoint
-- A secret sealed under an older key of the ring is sealed again under the first.
GRANT UPDATE (key_id, iv, ciphertext) ON producer_secrets, bridge_secrets TO countersign_runtime;
