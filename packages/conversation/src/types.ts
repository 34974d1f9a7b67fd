/**
 * The vocabulary of the conversation machine: what it is told (events), what it asks for (effects), what it is set to (settings).
 * All times are milliseconds on the call's own clock: 0 is the moment the media stream started.
 * Nothing here knows sockets, vendors or audio bytes.
 */

/** One message of the dialogue as the language model sees it. Assistant text is what was heard, never what was only planned. */
export interface HistoryMessage {
  /** `system`: a note from outside, for the model only. */
  /** `tool`: what a tool answered to the call named by `toolCallId`. */
  role: 'user' | 'assistant' | 'system' | 'tool'
  text: string
  /** Assistant only: the tools it called; the outputs follow at once. */
  toolCalls?: readonly ToolCall[]
  toolCallId?: string
}

/** What the model wants of a tool. */
export interface ToolCall {
  id: string
  name: string
  /** JSON text as the model wrote it. */
  arguments: string
}

/** What the machine must know of a tool; where and how it runs is the media side's business. */
export interface ToolSetting {
  name: string
  /** `end_call` and `press_keys` are done here. */
  kind: 'http' | 'end_call' | 'press_keys'
  /** An interruption cancels it. */
  isSafeToCancel: boolean
  /** Spoken while it runs and nothing else is; undefined: a word of the language; null: nothing. */
  filler?: string | null
}

/** Identifies one answer of the assistant from its first thought to its last heard word. Work for a stale id is dropped. */
export type ResponseId = string
/** Identifies one clause of a response, numbered from 0 within it. */
export type ClauseId = number
/** Identifies one span of the caller's speech given to the recogniser. */
export type ItemId = string

/** Names of the machine's timers. Setting a timer that is already set moves it. */
export type TimerName =
  | 'end-of-turn'
  /** The caller's words have stood long enough to be thought about. */
  | 'early-thinking'
  | 'barge-in'
  | 'pause'
  | 'silence'
  | 'keypad'
  | 'filler'
  | 'transcript'
  | 'goodbye'
  | 'max-duration'
  /** Something the machine waits for (a token, a mark, a `playback-cleared`) has not come for far too long. */
  | 'stalled'

/** Why the media side ends a call; these are public `ended_reason` values. */
export type EndReason =
  | 'caller_hung_up'
  | 'assistant_ended'
  | 'end_phrase'
  | 'api_ended'
  | 'silence_timeout'
  | 'max_duration'
  | 'max_cost'
  | 'voicemail'
  | 'llm_failed'
  | 'stt_failed'
  | 'tts_failed'

export type ConversationEvent =
  /**
   * The media stream is up. `resumed` is true when another process held the call before; then no greeting is spoken. `turns`: utterances that process
   * had finished, so that numbering goes on; 0 without it. `isSilenced`: somebody had told the agent to say nothing.
   * `isDisclosed`: the caller has heard the disclosure; without it a resumed call begins like a new one.
   */
  | {
      type: 'call-started'
      history: readonly HistoryMessage[]
      resumed: boolean
      turns?: number
      isSilenced?: boolean
      isDisclosed?: boolean
    }
  /** Voice activity began; `atMs` is where the first voiced frame was. */
  | { type: 'speech-started'; atMs: number }
  /** Voice activity ended; `atMs` is where the last voiced frame was (earlier than now by the detector's hangover). */
  | { type: 'speech-stopped'; atMs: number }
  /** The recogniser's current guess for a span; each replaces the one before. For the span being spoken now, use `openItemId(state)`. */
  | { type: 'transcript-partial'; itemId: ItemId; text: string }
  /** The recogniser's last word on a span; once per committed span, in any order. `text` may be empty (noise). */
  | { type: 'transcript-final'; itemId: ItemId; text: string }
  | { type: 'transcript-failed'; itemId: ItemId }
  /** What the recogniser itself thinks of the caller's turn, where it has an opinion; null: it has none any more. */
  | { type: 'turn-signal'; signal: TurnSignal | null }
  | { type: 'key-pressed'; digit: string }
  | { type: 'llm-delta'; responseId: ResponseId; text: string }
  | { type: 'llm-finished'; responseId: ResponseId }
  /** The model waits for tools; `llm-finished` follows. Ids are unique within a call. */
  | { type: 'llm-tools'; responseId: ResponseId; calls: readonly ToolCall[] }
  /** A tool has answered, or could not: then `output` says why. Once per `tool-run`. */
  | { type: 'tool-finished'; callId: string; output: string }
  /** The answer has begun and will not be completed. */
  | { type: 'llm-broken-off'; responseId: ResponseId }
  /** The language model failed and no fallback is left. */
  | { type: 'llm-failed'; responseId: ResponseId }
  /** The voice has begun to yield a clause: for the measurements. */
  | { type: 'clause-voiced'; responseId: ResponseId; clauseId: ClauseId }
  /** The first audio of a clause went out to the carrier. */
  | { type: 'clause-started'; responseId: ResponseId; clauseId: ClauseId }
  /** The caller has heard the whole clause (its last mark came back). */
  | { type: 'clause-played'; responseId: ResponseId; clauseId: ClauseId }
  /**
   * Answer to `playback-clear`: what had been heard of every clause of the response at that moment. Clauses that were heard whole or never begun
   * are included. `durationMs` is null while the voice has not finished the clause.
   */
  | { type: 'playback-cleared'; responseId: ResponseId; clauses: readonly HeardClause[] }
  /** The voice failed and no fallback is left. */
  | { type: 'tts-failed'; responseId: ResponseId; clauseId: ClauseId }
  /** The recogniser is lost for good. */
  | { type: 'stt-failed' }
  | { type: 'timer-fired'; timer: TimerName }
  /** Somebody outside wants this to be said: as soon as nobody speaks, or at once. */
  | { type: 'say-requested'; text: string; isUrgent: boolean }
  /** Somebody outside wants keys to be pressed: 0-9, *, #, and `,` for a pause. */
  | { type: 'keys-requested'; digits: string }
  /** Somebody outside tells the model something, for the next answer on. */
  | { type: 'context-added'; text: string }
  /** Somebody outside silences the agent, or gives it its voice back. */
  | { type: 'silence-requested'; isSilenced: boolean }
  /** Somebody outside wants the call to end: the API, the cost limit. Spoken goodbye first when `message` is given, or the language has words for it. */
  | { type: 'end-requested'; reason: EndReason; message: string | null }
  /** The carrier's stream ended (`stop` or a closed socket): the caller hung up, or the carrier ended the call. */
  | { type: 'carrier-stopped' }

/** The turn has begun; is probably over; goes on after all; is over. */
export type TurnSignal = 'started' | 'eager-end' | 'resumed' | 'end'

export interface HeardClause {
  clauseId: ClauseId
  /** Heard so far, counted from the clause's own beginning, also where it was spoken on from a later position (`fromMs`). 0: nothing. */
  heardMs: number
  durationMs: number | null
}

export type ConversationEffect =
  /** End the current span of caller audio at the recogniser; it will answer with `transcript-final` or `transcript-failed` for this item. */
  | { type: 'stt-commit'; itemId: ItemId }
  /** Ask the language model for an answer. */
  | {
      type: 'llm-start'
      responseId: ResponseId
      messages: readonly HistoryMessage[]
      isEarly: boolean
      areToolsOff?: boolean
    }
  /** Run a tool; answered by `tool-finished`, always. */
  | { type: 'tool-run'; call: ToolCall }
  /** A running tool is not wanted any more; its answer is not waited for. */
  | { type: 'tool-cancel'; callId: string }
  /** The turn is ours: a request begun early is the answer. Until then it may have been cancelled at any time. */
  | { type: 'llm-adopt'; responseId: ResponseId }
  | { type: 'llm-cancel'; responseId: ResponseId }
  /**
   * Speak one clause after those already queued for this response. `text` is speakable text. `fromMs` is 0 except after a false interruption: then
   * the clause was begun before and goes on from that position of its own audio; `heardMs` of later reports still counts from the clause's beginning.
   */
  | { type: 'clause-speak'; responseId: ResponseId; clauseId: ClauseId; text: string; fromMs: number }
  /** Synthesise a clause of an early answer and keep it: `clause-speak` with the same ids follows, or `clause-forget`. It must not be sent. */
  | { type: 'clause-prepare'; responseId: ResponseId; clauseId: ClauseId; text: string }
  /** What was prepared for this response will not be spoken. */
  | { type: 'clause-forget'; responseId: ResponseId }
  /** Play keys as tones, like a clause. */
  | { type: 'keys-play'; responseId: ResponseId; clauseId: ClauseId; digits: string }
  /** No further clause will come for this response. */
  | { type: 'clauses-end'; responseId: ResponseId }
  /** Snapshot what was heard, then drop everything of this response: queued audio, the carrier's buffer, synthesis under way. Answered by `playback-cleared`. */
  | { type: 'playback-clear'; responseId: ResponseId }
  | { type: 'timer-set'; timer: TimerName; delayMs: number }
  | { type: 'timer-cancel'; timer: TimerName }
  /** Someone has finished an utterance: write it down and tell the world (`transcription`). Emitted in conversation order. */
  | { type: 'utterance-finish'; utterance: FinishedUtterance }
  /** One turn has been measured; emitted once the answer has been heard or cut. */
  | { type: 'turn-measure'; measurement: TurnMeasurement }
  /** End the call now. The last effect of a call; it also disarms every timer. */
  | { type: 'call-end'; reason: EndReason }

export interface FinishedUtterance {
  role: 'user' | 'assistant'
  /** What was said; for the assistant, what was heard. Never empty. */
  text: string
  /** Assistant only: the whole text that was to be spoken. Null for the user. */
  textPlanned: string | null
  interrupted: boolean
  /** Interrupted assistant only: how much of the answer's audio had been heard. Null where nobody knows. */
  cutOffsetMs: number | null
  startMs: number
  endMs: number
  /** Counts utterances of the call from 1. */
  turn: number
  /** Keys pressed instead of speech. */
  isKeypad: boolean
}

/** One exchange, measured from outside. Every field is a time on the call's clock, or null when it did not happen. */
export interface TurnMeasurement {
  responseId: ResponseId
  /** The number of the assistant's utterance; null when nothing of it was heard. */
  turn: number | null
  /**
   * Since when the caller waits: the end of their speech (last voiced frame), or of the agent's where they spoke over it. Null for the greeting and
   * re-prompts.
   */
  speechEndedMs: number | null
  /** The recogniser was asked for the last words; and had given all of them. */
  speechCommittedMs: number | null
  wordsKnownMs: number | null
  /** The turn was decided to be over. */
  decidedMs: number | null
  llmFirstTokenMs: number | null
  /** The first clause went to the voice; and the voice began to yield it. Both may have happened before the turn was over. */
  firstClauseMs: number | null
  firstAudioMs: number | null
  firstAudioSentMs: number | null
  heardUntilMs: number | null
  interrupted: boolean
}

/** What a conversation is set to. Built by `apps/media` from the assistant; every duration in milliseconds. */
export interface ConversationSettings {
  /** BCP 47, e.g. `en-US`; picks the language data, falling back to the neutral set. */
  language: string
  /** Spoken first, before the greeting, when set. */
  disclosure: string | null
  /** Null: the caller speaks first. */
  firstMessage: string | null
  /**
   * The wait between the caller's last voiced frame and the decision that the turn is over: `minMs` after a finished sentence, `maxMs` in the middle of
   * one. `isAdaptive`: `minMs` grows with the pauses this caller makes.
   */
  endOfTurn: { minMs: number; maxMs: number; isAdaptive: boolean }
  /** Ask the model while the caller's turn may still go on, and throw its answer away if it does. */
  earlyThinking: boolean
  /** A word of ours is spoken when the model has said nothing this long after the turn was taken; null: never. */
  fillerAfterMs: number | null
  interruption: {
    /** False: the agent always finishes, and what was said meanwhile is answered afterwards. Keys wait, too. */
    enabled: boolean
    /** False: the first message is heard whole, like the disclosure always is. */
    firstMessage: boolean
    /** Speech over the agent's voice pauses it after this long. */
    minSpeechMs: number
    /** Words needed to take the turn from the agent. From 2 on, speech alone does not pause it. */
    minWords: number
    /** Taken for backchannels, beside those of the language. Compared without case and punctuation. */
    ignorePhrases: readonly string[]
    /** Interrupt at once, wherever they stand, beside those of the language. */
    stopPhrases: readonly string[]
  }
  /**
   * After `timeoutMs` in which neither was heard, `reprompt` is spoken, `maxReprompts` times at most until the caller answers; then the call ends. Null:
   * the call ends the first time.
   */
  silence: { reprompt: string | null; timeoutMs: number; maxReprompts: number }
  /** An utterance of the caller that begins or ends with one of the phrases ends the call after `message`; null: the language's own goodbye. */
  endCall: { phrases: readonly string[]; message: string | null }
  /** Keys are collected until `terminator` (empty: none), `maxDigits` of them, or `timeoutMs` after the last one. */
  keypad: { maxDigits: number; terminator: string; timeoutMs: number }
  tools: readonly ToolSetting[]
  maxDurationMs: number
  /** Spoken when the language model, voice or recogniser has failed for good; null: the language's own apology. */
  apology: string | null
}
