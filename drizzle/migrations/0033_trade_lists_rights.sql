GRANT SELECT, INSERT, UPDATE (stop_loss, take_profit) ON position_terms TO countersign_runtime;
