export { workerConfigShape } from './config.ts'
export { createWorker, type Worker, type WorkerDependencies } from './worker.ts'
