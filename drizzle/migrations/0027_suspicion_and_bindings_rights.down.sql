REVOKE UPDATE (max_bridges) ON users FROM countersign_runtime;
--> statement-breakpoint
REVOKE UPDATE (epoch_doubts) ON deployment FROM countersign_runtime;
--> statement-breakpoint
REVOKE UPDATE (bridge_id, trusted_at, epoch_behind_at, epoch_behind_magic, epoch_witness, epoch_dismissed, epoch_doubts,
  next_bridge_id, bridge_since, released_at) ON accounts FROM countersign_runtime;
