ALTER SEQUENCE "public"."command_number" INCREMENT BY 1 MINVALUE 1 MAXVALUE 268435455 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "account_leases" (
	"account_id" uuid PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "commands" DROP CONSTRAINT "ck_commands_state";--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "not_before" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "lease_epoch" bigint;--> statement-breakpoint
ALTER TABLE "commands" ADD COLUMN "broker_comment" text;--> statement-breakpoint
ALTER TABLE "deployment" ADD COLUMN "magic_epoch" smallint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "deployment" ADD COLUMN "epoch_behind_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "deployment" ADD COLUMN "epoch_behind_magic" bigint;--> statement-breakpoint
ALTER TABLE "account_leases" ADD CONSTRAINT "account_leases_account_id_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."accounts"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_commands_number" ON "commands" USING btree (("magic" >> 4));--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "ck_commands_state" CHECK ("commands"."state" in ('created', 'sent', 'placed', 'done', 'partial', 'failed', 'expired', 'unknown', 'not_executed', 'ended'));--> statement-breakpoint
ALTER TABLE "deployment" ADD CONSTRAINT "ck_deployment_epoch" CHECK ("deployment"."magic_epoch" between 0 and 255);--> statement-breakpoint
ALTER TABLE "deployment" ADD CONSTRAINT "ck_deployment_behind" CHECK (("deployment"."epoch_behind_at" is null) = ("deployment"."epoch_behind_magic" is null));