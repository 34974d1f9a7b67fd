import { type Scenario, type ScenarioInput, scenarioSchema } from './scenario.ts'

/** Hang up when nothing more comes: what a person does after the goodbye. */
const waitForGoodbye = [
  { do: 'listen', timeout_ms: 8000, on_timeout: 'hang-up' },
  { do: 'pause', ms: 5000 },
  { do: 'hang-up' },
] as const

/** Some assistants let the caller speak first: after a while a person does. */
const greeting = { do: 'listen', timeout_ms: 6000 } as const

const INPUTS = {
  '+12025550100': {
    name: 'talks',
    description: 'Books an appointment and says goodbye.',
    steps: [
      greeting,
      { do: 'say', text: 'Hello, I would like to book an appointment.' },
      { do: 'listen' },
      { do: 'say', text: 'Tuesday at ten in the morning, please.' },
      { do: 'listen' },
      { do: 'say', text: 'Thank you, goodbye.' },
      ...waitForGoodbye,
    ],
  },
  '+12025550101': { name: 'busy', description: 'Is busy.', when_called: 'busy', ring_ms: 500 },
  '+12025550102': {
    name: 'no answer',
    description: 'Rings and is never answered.',
    when_called: 'no-answer',
  },
  '+12025550103': { name: 'unreachable', description: 'Cannot be reached.', when_called: 'unreachable' },
  '+12025550104': {
    name: 'voicemail',
    description: 'Plays a greeting and a beep, then records what it hears.',
    ring_ms: 1000,
    steps: [
      { do: 'pause', ms: 300 },
      {
        do: 'say',
        text: 'Hello, you have reached the voicemail of Alex Miller. I cannot take your call right now. Please leave a message after the beep.',
      },
      { do: 'pause', ms: 300 },
      { do: 'beep' },
    ],
    max_call_ms: 60_000,
  },
  '+12025550105': {
    name: 'interrupts',
    description: 'Asks for a long story and speaks over it.',
    steps: [
      greeting,
      { do: 'say', text: 'Please tell me a long story.' },
      { do: 'wait-for-speech', speaking_ms: 1500 },
      { do: 'say', text: 'Stop. I have another question.', interrupts: true },
      { do: 'listen' },
      { do: 'say', text: 'Thank you, goodbye.' },
      ...waitForGoodbye,
    ],
  },
  '+12025550106': { name: 'silent', description: 'Answers and never says a word.' },
  '+12025550107': {
    name: 'hangs up mid-sentence',
    description: 'Begins to speak and hangs up in the middle.',
    steps: [
      greeting,
      {
        do: 'say',
        text: 'Hello, I wanted to ask whether you could tell me about the prices.',
        cut_after_ms: 1500,
      },
      { do: 'hang-up' },
    ],
  },
  '+12025550108': {
    name: 'presses keys',
    description: 'Presses 4, 2 and the hash key.',
    steps: [
      greeting,
      { do: 'press', digits: '42#' },
      { do: 'listen' },
      { do: 'say', text: 'Thank you, goodbye.' },
      ...waitForGoodbye,
    ],
  },
  '+12025550109': {
    name: 'listens aloud',
    description: 'Says "uh huh" and makes wordless noise while the assistant talks.',
    steps: [
      greeting,
      { do: 'say', text: 'Please tell me a long story.' },
      { do: 'wait-for-speech', speaking_ms: 1200 },
      { do: 'say', text: 'uh huh' },
      { do: 'pause', ms: 1500 },
      { do: 'noise', ms: 350 },
      { do: 'listen', silence_ms: 1500 },
      { do: 'say', text: 'Thank you, goodbye.' },
      ...waitForGoodbye,
    ],
  },
  '+12025550110': {
    name: 'spells a number',
    description: 'Says a phone number with a pause in the middle.',
    steps: [
      greeting,
      { do: 'say', text: 'my number is five five five' },
      { do: 'pause', ms: 700 },
      { do: 'say', text: 'one two three four' },
      { do: 'listen' },
      { do: 'say', text: 'Thank you, goodbye.' },
      ...waitForGoodbye,
    ],
  },
  '+12025550111': {
    name: 'asks for a human',
    description: 'Wants to talk to a person.',
    steps: [
      greeting,
      { do: 'say', text: 'I would like to speak to a human, please.' },
      { do: 'listen' },
      { do: 'say', text: 'Thank you, goodbye.' },
      ...waitForGoodbye,
    ],
  },
  '+12025550112': {
    name: 'plays a recording',
    description: 'Plays a WAV with its text mixed in; give your own with PUT /sandbox/phones/+12025550112.',
    steps: [
      greeting,
      { do: 'play', text: 'This is a recording. What are your opening hours?' },
      { do: 'listen' },
      { do: 'say', text: 'Thank you, goodbye.' },
      ...waitForGoodbye,
    ],
  },
} as const satisfies Record<string, ScenarioInput>

/** The simulated phones that always exist, by number. */
export const BUILT_IN_SCENARIOS: ReadonlyMap<string, Scenario> = new Map(
  Object.entries(INPUTS).map(([number, input]) => [number, Object.freeze(scenarioSchema.parse(input))]),
)

/** Numbers that may be given a scenario of one's own: +12025550112 to +12025550189. */
export function isCustomizable(phoneNumber: string): boolean {
  const match = /^\+1202555(\d{4})$/.exec(phoneNumber)
  return match !== null && Number(match[1]) >= 112 && Number(match[1]) <= 189
}
