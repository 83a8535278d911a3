CREATE TABLE "symbol_calendars" (
	"broker_server" text NOT NULL,
	"symbol" text NOT NULL,
	"source" text NOT NULL,
	"calendar_id" text,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "symbol_calendars_broker_server_symbol_source_pk" PRIMARY KEY("broker_server","symbol","source"),
	CONSTRAINT "ck_symbol_calendars_source" CHECK ("symbol_calendars"."source" in ('broker', 'override')),
	CONSTRAINT "ck_symbol_calendars_server" CHECK ("symbol_calendars"."source" = 'override' or "symbol_calendars"."broker_server" <> '*')
);
--> statement-breakpoint
CREATE TABLE "trading_calendars" (
	"id" text NOT NULL,
	"version" integer NOT NULL,
	"definition" jsonb NOT NULL,
	"valid_from" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "trading_calendars_id_version_pk" PRIMARY KEY("id","version"),
	CONSTRAINT "ck_trading_calendars_version" CHECK ("trading_calendars"."version" >= 1)
);
--> statement-breakpoint
ALTER TABLE "symbol_calendars" ADD CONSTRAINT "symbol_calendars_symbol_instruments_symbol_fk" FOREIGN KEY ("symbol") REFERENCES "public"."instruments"("symbol") ON DELETE restrict ON UPDATE no action;