export { rotateDataKey } from './rotate-data-key.ts'
export { rotateMasterKey } from './rotate-master-key.ts'
