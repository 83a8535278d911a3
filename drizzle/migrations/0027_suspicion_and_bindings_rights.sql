-- An account that takes entries, or once did, was resumed by an owner or admin.
UPDATE accounts SET trusted_at = updated_at WHERE NOT halted OR EXISTS (
  SELECT 1 FROM audit_log l WHERE l.action = 'account.resume' AND l.subject_id = accounts.id::text);
--> statement-breakpoint
-- What was noticed of a restore before stays noticed until an owner raises the epoch.
UPDATE deployment SET epoch_doubts = 1 WHERE epoch_behind_at IS NOT NULL;
--> statement-breakpoint
GRANT UPDATE (bridge_id, trusted_at, epoch_behind_at, epoch_behind_magic, epoch_witness, epoch_dismissed, epoch_doubts,
  next_bridge_id, bridge_since, released_at) ON accounts TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (epoch_doubts) ON deployment TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (max_bridges) ON users TO countersign_runtime;
