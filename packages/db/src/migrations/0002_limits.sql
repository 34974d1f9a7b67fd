CREATE TABLE "dial_gate" (
	"id" integer PRIMARY KEY NOT NULL,
	"version" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "dial_policies" (
	"organization_id" text PRIMARY KEY NOT NULL,
	"countries" text[],
	"calling_hours" text,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "do_not_call_numbers" (
	"id" text PRIMARY KEY NOT NULL,
	"organization_id" text NOT NULL,
	"phone_number" text NOT NULL,
	"note" text,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "organization_limits" (
	"organization_id" text PRIMARY KEY NOT NULL,
	"concurrent_calls" integer,
	"calls_per_minute" integer,
	"creates_per_second" integer,
	"requests_per_second" integer,
	"queue_timeout_seconds" integer,
	"spend_per_day_micro_usd" bigint,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE UNLOGGED TABLE "rate_buckets" (
	"name" text PRIMARY KEY NOT NULL,
	"tokens" double precision NOT NULL,
	"rate_per_second" double precision NOT NULL,
	"burst" double precision NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "calls" ADD COLUMN "queue_expires_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "calls" ADD COLUMN "calling_hours" text;--> statement-breakpoint
ALTER TABLE "calls" ADD COLUMN "dialed_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "dial_policies" ADD CONSTRAINT "dial_policies_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "do_not_call_numbers" ADD CONSTRAINT "do_not_call_numbers_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organization_limits" ADD CONSTRAINT "organization_limits_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "do_not_call_number" ON "do_not_call_numbers" USING btree ("organization_id","phone_number");--> statement-breakpoint
CREATE INDEX "do_not_call_organization" ON "do_not_call_numbers" USING btree ("organization_id","created_at","id");--> statement-breakpoint
CREATE INDEX "rate_buckets_age" ON "rate_buckets" USING btree ("updated_at");--> statement-breakpoint
CREATE INDEX "calls_waiting" ON "calls" USING btree ("organization_id","mode","created_at","id") WHERE "calls"."status" = 'queued';--> statement-breakpoint
CREATE INDEX "calls_live" ON "calls" USING btree ("organization_id","mode") WHERE "calls"."ended_at" is null and "calls"."status" <> 'queued';--> statement-breakpoint
CREATE INDEX "calls_dialed" ON "calls" USING btree ("organization_id","mode","dialed_at") WHERE "calls"."dialed_at" is not null;--> statement-breakpoint
CREATE INDEX "calls_ended" ON "calls" USING btree ("organization_id","mode","ended_at") WHERE "calls"."ended_at" is not null;--> statement-breakpoint
INSERT INTO "dial_gate" ("id", "version") VALUES (1, 0);
