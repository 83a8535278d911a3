DROP TABLE bridge_candle_wishes;
--> statement-breakpoint
DROP TABLE bridge_nonces;
--> statement-breakpoint
-- The older code knows no bridge that polls: an address that never resolves leaves it silent.
UPDATE bridges SET url = 'https://polls.invalid/' WHERE url IS NULL;
--> statement-breakpoint
ALTER TABLE bridges ALTER COLUMN url SET NOT NULL;
