export { createFolderStorage } from './folder-storage.ts'
export {
  type ByteRange,
  checkStorageKey,
  InvalidStorageKey,
  type ObjectStorage,
  type StoredObject,
} from './object-storage.ts'
