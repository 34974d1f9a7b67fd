/** What an assistant writes at the end of a message to end the call once it has been heard. */
const marker = '<hangup/>'
const anyMarker = /<\s*hangup\s*\/?\s*>/gi
const markerAtEnd = /<\s*hangup\s*\/?\s*>\s*$/i

/**
 * Takes the marker off the end of a finished message. While the message still grows nothing need be held back for it here: a clause is only cut
 * where something follows it, so a marker that may still be incomplete is always in the rest.
 */
export function takeHangupMarker(text: string): { text: string; isFound: boolean } {
  if (markerAtEnd.test(text)) return { text: text.replace(markerAtEnd, ''), isFound: true }
  // A stream cut inside the marker: the piece is no word, and not a full marker either.
  for (let length = marker.length - 1; length >= 2; length--) {
    if (text.endsWith(marker.slice(0, length))) return { text: text.slice(0, -length), isFound: false }
  }
  return { text, isFound: false }
}

/** Removes markers from inside a text; one that is not at the end of its message has no effect, but nobody should hear or read it. */
export function withoutHangupMarkers(text: string): string {
  return text.replace(anyMarker, '')
}
