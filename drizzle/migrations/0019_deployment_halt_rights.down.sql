REVOKE UPDATE (halted_at, halted_by, halt_reason) ON deployment FROM countersign_runtime;
