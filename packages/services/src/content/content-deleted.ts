import { NotFound } from '@phonevoice/base'

export function contentDeleted(): NotFound {
  return new NotFound('content_deleted', 'The content of this call was deleted; only its frame is left.')
}
