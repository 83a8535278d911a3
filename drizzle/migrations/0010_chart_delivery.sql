CREATE TABLE "chart_costs" (
	"user_id" uuid NOT NULL,
	"day" date NOT NULL,
	"cost" bigint NOT NULL,
	CONSTRAINT "chart_costs_user_id_day_pk" PRIMARY KEY("user_id","day"),
	CONSTRAINT "ck_chart_costs_cost" CHECK ("chart_costs"."cost" > 0)
);
--> statement-breakpoint
CREATE TABLE "chart_drawings" (
	"digest" text NOT NULL,
	"format" text NOT NULL,
	"fence" integer NOT NULL,
	"drawing_until" timestamp with time zone NOT NULL,
	"bytes" integer,
	CONSTRAINT "chart_drawings_digest_format_pk" PRIMARY KEY("digest","format"),
	CONSTRAINT "ck_chart_drawings_format" CHECK ("chart_drawings"."format" in ('png', 'svg', 'pdf'))
);
--> statement-breakpoint
ALTER TABLE "charts" ADD COLUMN "signal_id" uuid;--> statement-breakpoint
ALTER TABLE "charts" ADD COLUMN "trade_id" uuid;--> statement-breakpoint
ALTER TABLE "chart_costs" ADD CONSTRAINT "chart_costs_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "chart_drawings" ADD CONSTRAINT "chart_drawings_digest_charts_digest_fk" FOREIGN KEY ("digest") REFERENCES "public"."charts"("digest") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charts" ADD CONSTRAINT "charts_signal_id_signals_id_fk" FOREIGN KEY ("signal_id") REFERENCES "public"."signals"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_charts_signal" ON "charts" USING btree ("signal_id","created_at") WHERE "charts"."signal_id" is not null;--> statement-breakpoint
CREATE INDEX "ix_charts_trade" ON "charts" USING btree ("trade_id","created_at") WHERE "charts"."trade_id" is not null;--> statement-breakpoint
CREATE INDEX "ix_charts_expiry" ON "charts" USING btree ("expires_at") WHERE "charts"."expires_at" is not null;--> statement-breakpoint
CREATE INDEX "ix_outbox_pictures" ON "outbox" USING btree ("available_at") WHERE "outbox"."topic" = 'picture.wanted' and "outbox"."done_at" is null and "outbox"."dead_at" is null;