// Loaded into every app before its own code. When the launcher is gone, however it went, the app ends itself: nothing is left running.
const GRACE_MS = 5000

if (process.connected) {
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), GRACE_MS).unref()
    // An app that listens for this itself is already on its way out; a second request could make it hurry.
    if (process.listenerCount('disconnect') === 0) process.kill(process.pid, 'SIGTERM')
  })
  // Listening must not by itself keep an app alive that has finished.
  process.channel?.unref()
}
