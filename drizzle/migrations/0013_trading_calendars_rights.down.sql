REVOKE ALL ON trading_calendars, symbol_calendars FROM countersign_runtime;
