REVOKE UPDATE (key_id, iv, ciphertext) ON producer_secrets, bridge_secrets FROM countersign_runtime;
--> statement-breakpoint
REVOKE SELECT, INSERT ON audit_seals FROM countersign_runtime;
