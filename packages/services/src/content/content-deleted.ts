import { NotFound } from '@phonevoice/base'

/** For whoever asks for what was said on a call, when that is gone for good. */
export function contentDeleted(): NotFound {
  return new NotFound('content_deleted', 'The content of this call was deleted; only its frame is left.')
}
