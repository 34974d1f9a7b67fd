/** A node that has not announced itself for this long gets no new call. It should announce itself every 2 s. */
export const HEARTBEAT_MAX_AGE_MS = 10_000
