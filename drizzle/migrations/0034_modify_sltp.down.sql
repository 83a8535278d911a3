ALTER TABLE "commands" DROP CONSTRAINT "ck_commands_kind";--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "ck_commands_kind" CHECK ("commands"."kind" in ('open', 'place', 'close', 'cancel'));
