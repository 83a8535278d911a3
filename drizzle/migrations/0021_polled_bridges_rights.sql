GRANT SELECT, INSERT, DELETE ON bridge_nonces, bridge_candle_wishes TO countersign_runtime;
