REVOKE UPDATE (scope) ON guard_trips FROM countersign_runtime;
