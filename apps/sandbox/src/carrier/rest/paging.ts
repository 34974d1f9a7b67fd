import type { Form } from './form.ts'
import { RestError } from './rest-error.ts'

const PAGE_SIZE_DEFAULT = 50
const PAGE_SIZE_MAX = 1000

/**
 * One page in the envelope every 2010 list has. `PageToken` is opaque to clients; ours holds the sid after which the page begins.
 * `url` is the requested path with its query: every filter stays in the links.
 */
export function toPage<Item extends { sid: string }>(
  key: string,
  items: readonly Item[],
  form: Form,
  url: URL,
) {
  const size = form.integer('PageSize', { min: 1, max: PAGE_SIZE_MAX, code: 20007 }) ?? PAGE_SIZE_DEFAULT
  const page = form.integer('Page', { min: 0, max: 1_000_000, code: 20006 }) ?? 0
  const first = findFirst(items, form.text('PageToken'), page * size, size)
  const records = items.slice(first, first + size)
  const last = records.at(-1)
  const hasNext = first + size < items.length
  const link = (to: number, token?: string): string => {
    const query = new URLSearchParams(url.search)
    for (const name of ['PageSize', 'Page', 'PageToken']) query.delete(name)
    query.set('PageSize', String(size))
    query.set('Page', String(to))
    if (token !== undefined) query.set('PageToken', token)
    return `${url.pathname}?${query}`
  }
  return {
    [key]: records,
    page,
    page_size: size,
    start: first,
    end: records.length === 0 ? first : first + records.length - 1,
    uri: `${url.pathname}${url.search || `?PageSize=${size}&Page=${page}`}`,
    first_page_uri: link(0),
    previous_page_uri: page > 0 ? link(page - 1, records[0] && `PB${records[0].sid}`) : null,
    next_page_uri: hasNext && last ? link(page + 1, `PA${last.sid}`) : null,
  }
}

/** Lists grow at the front while one pages through them; a token keeps the place. */
function findFirst(
  items: readonly { sid: string }[],
  token: string | undefined,
  position: number,
  size: number,
): number {
  if (token === undefined) return position
  const index = items.findIndex(({ sid }) => sid === token.slice(2))
  if (index < 0 || !/^P[AB]/.test(token)) throw new RestError(400, 20006, 'Invalid PageToken')
  return token.startsWith('PA') ? index + 1 : Math.max(0, index - size)
}
