CREATE TABLE "bridge_candle_wishes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"bridge_id" uuid NOT NULL,
	"symbol" text NOT NULL,
	"timeframe" text NOT NULL,
	"bars" integer NOT NULL,
	"from_at" timestamp with time zone,
	"to_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "bridge_nonces" (
	"bridge_id" uuid NOT NULL,
	"nonce" text NOT NULL,
	"seen_at" timestamp with time zone NOT NULL,
	CONSTRAINT "bridge_nonces_bridge_id_nonce_pk" PRIMARY KEY("bridge_id","nonce")
);
--> statement-breakpoint
ALTER TABLE "bridges" ALTER COLUMN "url" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "bridge_candle_wishes" ADD CONSTRAINT "bridge_candle_wishes_bridge_id_bridges_id_fk" FOREIGN KEY ("bridge_id") REFERENCES "public"."bridges"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bridge_nonces" ADD CONSTRAINT "bridge_nonces_bridge_id_bridges_id_fk" FOREIGN KEY ("bridge_id") REFERENCES "public"."bridges"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_bridge_candle_wishes_bridge" ON "bridge_candle_wishes" USING btree ("bridge_id","created_at");--> statement-breakpoint
CREATE INDEX "ix_bridge_candle_wishes_created" ON "bridge_candle_wishes" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "ix_bridge_nonces_seen" ON "bridge_nonces" USING btree ("seen_at");