CREATE TABLE "call_commands" (
	"id" text PRIMARY KEY NOT NULL,
	"call_id" text NOT NULL,
	"node_id" text NOT NULL,
	"kind" text NOT NULL,
	"payload" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"taken_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	"result" text
);
--> statement-breakpoint
ALTER TABLE "call_commands" ADD CONSTRAINT "call_commands_call_id_calls_id_fk" FOREIGN KEY ("call_id") REFERENCES "public"."calls"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "call_commands_waiting" ON "call_commands" USING btree ("node_id","created_at") WHERE "call_commands"."taken_at" is null;--> statement-breakpoint
CREATE INDEX "call_commands_age" ON "call_commands" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "call_commands_call" ON "call_commands" USING btree ("call_id");