CREATE TABLE "producer_hooks" (
	"producer_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"token_sha256" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone,
	CONSTRAINT "producer_hooks_producer_id_version_pk" PRIMARY KEY("producer_id","version")
);
--> statement-breakpoint
CREATE TABLE "refusals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"producer_id" uuid NOT NULL,
	"lane" text NOT NULL,
	"reason" text NOT NULL,
	"errors" jsonb NOT NULL,
	"excerpt" text NOT NULL,
	"request_id" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "signal_batches" (
	"id" uuid PRIMARY KEY NOT NULL,
	"producer_id" uuid NOT NULL,
	"mac" text NOT NULL,
	"request_id" text NOT NULL,
	"refused" jsonb NOT NULL,
	"outcome" jsonb,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
DROP INDEX "ux_signals_time";--> statement-breakpoint
ALTER TABLE "signals" ADD COLUMN "dedup_key" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "producer_hooks" ADD CONSTRAINT "producer_hooks_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refusals" ADD CONSTRAINT "refusals_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signal_batches" ADD CONSTRAINT "signal_batches_producer_id_producers_id_fk" FOREIGN KEY ("producer_id") REFERENCES "public"."producers"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_producer_hooks_token" ON "producer_hooks" USING btree ("token_sha256");--> statement-breakpoint
CREATE INDEX "ix_refusals_producer" ON "refusals" USING btree ("producer_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ix_refusals_created" ON "refusals" USING btree ("created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE UNIQUE INDEX "ux_signal_batches_mac" ON "signal_batches" USING btree ("mac");--> statement-breakpoint
CREATE INDEX "ix_signal_batches_created" ON "signal_batches" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ux_signals_time" ON "signals" USING btree ("dedup_scope","instrument","side","version","dedup_key","time") WHERE "signals"."time_given";