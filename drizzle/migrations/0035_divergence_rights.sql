-- One that comes again stands from then on.
GRANT UPDATE (detected_at) ON divergences TO countersign_runtime;
