REVOKE ALL ON bridge_nonces, bridge_candle_wishes FROM countersign_runtime;
