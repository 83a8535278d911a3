GRANT SELECT, INSERT, DELETE, UPDATE (fence, drawing_until, bytes) ON chart_drawings TO countersign_runtime;
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE, UPDATE (cost) ON chart_costs TO countersign_runtime;
--> statement-breakpoint
-- What is stored already: a market chart stays a year, one of a signal or a trade belongs to it, another private one is a
-- preview that may be seen for a day more, and of what was taken back the files go.
UPDATE charts SET expires_at = created_at + interval '1 year' WHERE NOT private AND expires_at IS NULL;
--> statement-breakpoint
UPDATE charts c SET signal_id = s.id FROM signals s WHERE s.id::text = c.spec->'reference'->>'signal_id';
--> statement-breakpoint
UPDATE charts SET trade_id = (spec->'reference'->>'trade_id')::uuid WHERE spec->'reference' ? 'trade_id';
--> statement-breakpoint
UPDATE charts SET expires_at = now() + interval '1 day'
  WHERE private AND expires_at IS NULL AND revoked_at IS NULL AND signal_id IS NULL AND trade_id IS NULL;
--> statement-breakpoint
UPDATE charts SET expires_at = now() WHERE revoked_at IS NOT NULL;
