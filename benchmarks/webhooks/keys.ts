/** When something happened, comparable between the processes of one machine. */
export const wallClockMs = (): number => performance.timeOrigin + performance.now()

/** Names one utterance's webhook before it is sent. */
export const utteranceKey = (callId: string, turn: number): string => `${callId} ${turn}`
