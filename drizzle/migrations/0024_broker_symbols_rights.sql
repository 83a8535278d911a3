GRANT UPDATE (history_until) ON accounts TO countersign_runtime;
