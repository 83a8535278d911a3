ALTER SEQUENCE "public"."command_number" INCREMENT BY 1 MINVALUE 1 MAXVALUE 134217727 START WITH 1 CACHE 1;--> statement-breakpoint
DROP INDEX "ux_accounts_binding";--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "trusted_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "epoch_behind_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "epoch_behind_magic" bigint;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "epoch_witness" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "epoch_dismissed" bigint[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "epoch_doubts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "next_bridge_id" uuid;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "bridge_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "released_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "deployment" ADD COLUMN "epoch_doubts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "max_bridges" integer;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "accounts_next_bridge_id_bridges_id_fk" FOREIGN KEY ("next_bridge_id") REFERENCES "public"."bridges"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_accounts_next_bridge" ON "accounts" USING btree ("next_bridge_id");--> statement-breakpoint
CREATE INDEX "ix_accounts_epoch" ON "accounts" USING btree ("id") WHERE "accounts"."epoch_behind_at" is not null or cardinality("accounts"."epoch_dismissed") > 0;--> statement-breakpoint
CREATE UNIQUE INDEX "ux_accounts_binding" ON "accounts" USING btree ("server","login") WHERE "accounts"."login" is not null and "accounts"."released_at" is null;--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_released" CHECK ("accounts"."released_at" is null or "accounts"."halted");--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_behind" CHECK (("accounts"."epoch_behind_at" is null) = ("accounts"."epoch_behind_magic" is null));--> statement-breakpoint
ALTER TABLE "accounts" ADD CONSTRAINT "ck_accounts_witness" CHECK (not "accounts"."epoch_witness" or "accounts"."epoch_behind_at" is not null);--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "ck_users_bridges" CHECK ("users"."max_bridges" >= 0);