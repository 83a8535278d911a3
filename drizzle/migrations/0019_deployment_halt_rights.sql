GRANT UPDATE (halted_at, halted_by, halt_reason) ON deployment TO countersign_runtime;
