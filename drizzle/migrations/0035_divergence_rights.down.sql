REVOKE UPDATE (detected_at) ON divergences FROM countersign_runtime;
