GRANT SELECT, INSERT ON metric_totals, metric_cursors, order_refusals TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (value) ON metric_totals TO countersign_runtime;
--> statement-breakpoint
GRANT UPDATE (counted_to, candidate, candidate_xid) ON metric_cursors TO countersign_runtime;
--> statement-breakpoint
-- Here and not in each statement that fails a delivery, so that none can forget it. 7 is `failed`.
CREATE FUNCTION note_order_refusal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.order_refusals (signal_id, user_id, reason, at)
    VALUES (NEW.signal_id, NEW.user_id, NEW.refusal, NEW.updated_at) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER tr_deliveries_refused AFTER UPDATE OF status ON deliveries FOR EACH ROW
  WHEN (NEW.status = 7 AND OLD.status <> 7 AND NEW.refusal IS NOT NULL) EXECUTE FUNCTION note_order_refusal();
--> statement-breakpoint
-- What was refused before this migration.
INSERT INTO order_refusals (signal_id, user_id, reason, at)
  SELECT signal_id, user_id, refusal, updated_at FROM deliveries WHERE status = 7 AND refusal IS NOT NULL
  ON CONFLICT DO NOTHING;
