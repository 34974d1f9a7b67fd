CREATE TABLE "data_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"organization_id" text NOT NULL,
	"master_key_id" text NOT NULL,
	"wrapped" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"retired_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "privacy_policies" (
	"organization_id" text PRIMARY KEY NOT NULL,
	"content_days" integer,
	"recording_days" integer,
	"is_recording_forbidden" boolean DEFAULT false NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "calls" ADD COLUMN "disclosed_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "calls" ADD COLUMN "content_deleted_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "privacy_policies" ADD CONSTRAINT "privacy_policies_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "data_keys_current" ON "data_keys" USING btree ("organization_id") WHERE "data_keys"."retired_at" is null;--> statement-breakpoint
CREATE INDEX "data_keys_organization" ON "data_keys" USING btree ("organization_id");--> statement-breakpoint
CREATE INDEX "data_keys_master" ON "data_keys" USING btree ("master_key_id");--> statement-breakpoint
CREATE INDEX "calls_content" ON "calls" USING btree ("organization_id","completed_at") WHERE "calls"."completed_at" is not null and "calls"."content_deleted_at" is null;