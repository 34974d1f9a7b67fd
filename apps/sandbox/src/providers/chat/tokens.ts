/** The simulated model's tokens are words with the space before them, and line ends. Joined they are the text again. */
export function toTokens(text: string): string[] {
  return text.match(/\s*\S+\s*$|\s*\S+/gu) ?? (text === '' ? [] : [text])
}

/** What usage counts: a quarter of the characters, rounded up. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4)
}
