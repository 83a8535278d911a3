CREATE TABLE "metric_cursors" (
	"metric" text PRIMARY KEY NOT NULL,
	"counted_to" timestamp with time zone NOT NULL,
	"candidate" timestamp with time zone NOT NULL,
	"candidate_xid" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "metric_totals" (
	"metric" text NOT NULL,
	"label" text NOT NULL,
	"value" numeric(30, 3) NOT NULL,
	CONSTRAINT "metric_totals_metric_label_pk" PRIMARY KEY("metric","label")
);
--> statement-breakpoint
CREATE TABLE "order_refusals" (
	"signal_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "order_refusals_signal_id_user_id_pk" PRIMARY KEY("signal_id","user_id")
);
--> statement-breakpoint
ALTER TABLE "order_refusals" ADD CONSTRAINT "order_refusals_signal_id_signals_id_fk" FOREIGN KEY ("signal_id") REFERENCES "public"."signals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_refusals" ADD CONSTRAINT "order_refusals_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_order_refusals_at" ON "order_refusals" USING btree ("at");--> statement-breakpoint
CREATE INDEX "ix_commands_created" ON "commands" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "ix_divergences_detected" ON "divergences" USING btree ("detected_at");