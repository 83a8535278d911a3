REVOKE ALL ON position_terms FROM countersign_runtime;
