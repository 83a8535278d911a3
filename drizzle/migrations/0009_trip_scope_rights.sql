-- Who orders a closing while one is under way widens it.
GRANT UPDATE (scope) ON guard_trips TO countersign_runtime;
