/** Goal: a deletion is finished whatever breaks off on the way. Method: the real worker on a real folder, with storage that fails when it is told to. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getTranscript } from '@phonevoice/services/calls'
import { deleteCallContent } from '@phonevoice/services/content'
import { setPrivacyPolicy } from '@phonevoice/services/privacy'
import { createFolderStorage, type ObjectStorage } from '@phonevoice/storage'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { createWorkerWorld, type WorkerWorld } from './testing/worker-world.ts'

const DAY_MS = 86_400_000

let world: WorkerWorld
let folder: string
let storage: ObjectStorage
let organizationId: string
beforeAll(async () => {
  world = await createWorkerWorld(inject('postgresUrl'))
  folder = await mkdtemp(join(tmpdir(), 'pv-erase-'))
  storage = createFolderStorage(folder)
})
afterAll(async () => {
  await world.close()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  organizationId = await world.organization()
})
afterEach(() => world.reset())

/** A completed call with something said and two files. */
async function completedCall(daysAgo = 0): Promise<string> {
  const callId = await world.call(organizationId)
  await world.speak(callId)
  const at = new Date(Date.now() - daysAgo * DAY_MS)
  await world.database.sql`
    update calls set status = 'completed', ended_reason = 'caller_hung_up', ended_at = ${at}, completed_at = ${at} where id = ${callId}`
  for (const name of ['stream/00001.ulaw', 'call.wav'])
    await storage.put(`recordings/${callId}/${name}`, Buffer.from('audio'))
  return callId
}

const filesOf = (callId: string) => storage.list(`recordings/${callId}/`)

test('files go after the worker was killed between the database and the folder, and the folder failed', async () => {
  const callId = await completedCall()
  const other = await completedCall()
  let failures = 0
  const failing: ObjectStorage = {
    ...storage,
    async delete(key) {
      // The first file goes, the second does not: half of the work is done.
      if (key.endsWith('.ulaw') && failures++ < 2) throw new Error('the disk is away')
      await storage.delete(key)
    },
  }
  // The process that was asked dies after its first statement's work: a lease nobody will renew.
  await deleteCallContent(world.ctx, { organizationId, callId })
  await world.database.sql`
    update work_items set next_at = now() + interval '1 second', lease_until = now() + interval '1 second', lease_token = 'dead', attempt = 1
    where call_id = ${callId} and kind = 'erase'`
  world.startWorker({ storage: failing })
  await expect.poll(() => filesOf(callId), { timeout: 20_000 }).toEqual([])
  expect(failures).toBeGreaterThan(2)
  expect(await filesOf(other)).toHaveLength(2)
})

test('what is older than the organization keeps it goes by itself', async () => {
  await setPrivacyPolicy(world.ctx, { organizationId, change: { contentDays: 30 } })
  const [old, recent] = [await completedCall(31), await completedCall(29)]
  world.startWorker({ storage })
  await expect.poll(() => filesOf(old), { timeout: 20_000 }).toEqual([])
  const transcript = (callId: string) => getTranscript(world.ctx, { organizationId, callId })
  await expect(transcript(old)).rejects.toMatchObject({ code: 'content_deleted' })
  expect(await transcript(recent)).toHaveLength(1)
  expect(await filesOf(recent)).toHaveLength(2)
})
