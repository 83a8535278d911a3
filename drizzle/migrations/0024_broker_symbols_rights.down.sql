REVOKE UPDATE (history_until) ON accounts FROM countersign_runtime;
