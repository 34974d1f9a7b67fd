import { createTestClock, silentLog } from '@phonevoice/base'
import { expect, test } from 'vitest'
import { createJournal } from './journal.ts'

const settle = () => new Promise((resolve) => setImmediate(resolve))

test('lines are written in order, and one that fails is tried again', async () => {
  const timers = createTestClock()
  const journal = createJournal({ log: silentLog, timers })
  const written: string[] = []
  let failures = 2
  journal.write('first', async () => {
    if (failures-- > 0) throw new Error('away')
    written.push('first')
  })
  journal.write('second', async () => written.push('second'))
  for (let tries = 0; tries < 2; tries++) {
    await settle()
    expect(written).toEqual([])
    timers.advance(500)
  }
  await journal.settled(1000)
  expect(written).toEqual(['first', 'second'])
})

test('a line that is written at once waits for none of those before it', async () => {
  const journal = createJournal({ log: silentLog, timers: createTestClock() })
  journal.write('stuck', () => new Promise(() => {}))
  const written: string[] = []
  await journal.writeAtOnce('ending reason', async () => written.push('ending reason'), 8000)
  expect(written).toEqual(['ending reason'])
})

test('a line that is written at once is waited for no longer than asked, and tried on', async () => {
  const timers = createTestClock()
  const journal = createJournal({ log: silentLog, timers })
  let isAway = true
  const written: string[] = []
  const waited = journal.writeAtOnce(
    'ending reason',
    async () => {
      if (isAway) throw new Error('away')
      written.push('ending reason')
    },
    400,
  )
  await settle()
  timers.advance(400)
  await waited
  expect(written).toEqual([])
  isAway = false
  timers.advance(100)
  await settle()
  expect(written).toEqual(['ending reason'])
})
