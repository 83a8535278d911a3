DROP INDEX ux_commands_trip;
--> statement-breakpoint
CREATE UNIQUE INDEX ux_commands_trip ON commands USING btree
  (trip_id, coalesce(instruction->'pre'->>'position_id', instruction->'order'->>'order_ticket'))
  WHERE trip_id IS NOT NULL AND state IN ('created', 'sent', 'unknown');
