import type { Writable } from 'node:stream'

/**
 * Lets what is written to a socket in one moment leave in one system call, which costs more than the few hundred bytes it carries: a piece of audio and its
 * mark, or the pieces at the beginning of an answer. Call what it returns before each write; it holds the socket until the code now running has returned.
 */
export function joinWrites(socket: Writable): () => void {
  let isHeld = false
  function release(): void {
    isHeld = false
    socket.uncork()
  }
  return () => {
    if (isHeld) return
    isHeld = true
    socket.cork()
    process.nextTick(release)
  }
}
