export { migrateQueue, type QueueConnection } from './backend.ts'
export { type Bus, type BusMessageShape, type BusSubscription, createBus } from './bus.ts'
export {
  createWakeListener,
  createWakeQueue,
  type WakeListener,
  type WakeListenerOptions,
  type WakeQueue,
  type WakeUpMessage,
} from './wake-queue.ts'
