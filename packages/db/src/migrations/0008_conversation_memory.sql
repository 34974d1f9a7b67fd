CREATE TABLE "call_notes" (
	"call_id" text NOT NULL,
	"id" text NOT NULL,
	"after_turn" integer NOT NULL,
	"text" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "call_notes_call_id_id_pk" PRIMARY KEY("call_id","id")
);
--> statement-breakpoint
ALTER TABLE "turn_measurements" ADD COLUMN "turn" integer;--> statement-breakpoint
ALTER TABLE "turn_measurements" ADD COLUMN "speech_committed_ms" integer;--> statement-breakpoint
ALTER TABLE "turn_measurements" ADD COLUMN "words_known_ms" integer;--> statement-breakpoint
ALTER TABLE "turn_measurements" ADD COLUMN "first_clause_ms" integer;--> statement-breakpoint
ALTER TABLE "turn_measurements" ADD COLUMN "first_audio_ms" integer;--> statement-breakpoint
ALTER TABLE "turns" ADD COLUMN "cut_offset_ms" integer;--> statement-breakpoint
ALTER TABLE "call_notes" ADD CONSTRAINT "call_notes_call_id_calls_id_fk" FOREIGN KEY ("call_id") REFERENCES "public"."calls"("id") ON DELETE no action ON UPDATE no action;