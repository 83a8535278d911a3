ALTER TABLE "accounts" ADD COLUMN "booked" numeric DEFAULT '0' NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "flowed" numeric DEFAULT '0' NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "credited" numeric DEFAULT '0' NOT NULL;--> statement-breakpoint
ALTER TABLE "equity_points" ADD COLUMN "booked" numeric;--> statement-breakpoint
ALTER TABLE "equity_points" ADD COLUMN "flowed" numeric;--> statement-breakpoint
ALTER TABLE "trade_legs" ADD COLUMN "strategy" text;--> statement-breakpoint
ALTER TABLE "equity_points" ADD CONSTRAINT "ck_equity_points_sums" CHECK (("equity_points"."booked" is null) = ("equity_points"."flowed" is null));