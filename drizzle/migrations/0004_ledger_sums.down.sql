ALTER TABLE trade_legs DROP COLUMN strategy;
--> statement-breakpoint
-- Its check goes with the columns.
ALTER TABLE equity_points DROP COLUMN booked, DROP COLUMN flowed;
--> statement-breakpoint
ALTER TABLE accounts DROP COLUMN booked, DROP COLUMN flowed, DROP COLUMN credited;
