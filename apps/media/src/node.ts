import type { Log, Timers } from '@phonevoice/base'
import type { ServiceContext } from '@phonevoice/services/context'
import { announceNode, removeNode } from '@phonevoice/services/media-nodes'

/** How often a node shows that it lives; others give up on it after three missed ones. */
const HEARTBEAT_MS = 2000

/** This process as others see it: where its sockets are, whether it takes calls, how many it has. */
export interface MediaNode {
  readonly id: string
  /** The first announcement; after it calls may be sent here. */
  start(): Promise<void>
  /** No new calls from now on. */
  drain(): Promise<void>
  stop(): Promise<void>
  readonly isReady: boolean
}

export function createMediaNode(options: {
  ctx: ServiceContext
  nodeId: string
  origin: string
  activeCalls(): number
  timers: Timers
  log: Log
}): MediaNode {
  const { ctx, log } = options
  let isReady = false
  let isAnnounced = false
  const announce = (): Promise<unknown> =>
    announceNode(ctx, {
      nodeId: options.nodeId,
      origin: options.origin,
      isReady,
      activeCalls: options.activeCalls(),
    })
  const heartbeat = options.timers.every(HEARTBEAT_MS, () => {
    if (isAnnounced)
      announce().catch((error: unknown) => log.warn('the heartbeat could not be written', { error }))
  })
  return {
    id: options.nodeId,
    async start() {
      isReady = true
      await announce()
      isAnnounced = true
    },
    async drain() {
      isReady = false
      await announce().catch((error: unknown) => log.warn('draining could not be announced', { error }))
    },
    async stop() {
      isReady = false
      isAnnounced = false
      heartbeat.cancel()
      await removeNode(ctx, { nodeId: options.nodeId }).catch((error: unknown) =>
        log.warn('the node could not be removed', { error }),
      )
    },
    get isReady() {
      return isReady
    },
  }
}
