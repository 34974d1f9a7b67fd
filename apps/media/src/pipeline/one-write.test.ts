import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { joinWrites } from './one-write.ts'

/** What a socket is made to do, one entry per system call. */
function createWire() {
  const calls: string[][] = []
  const socket = new Writable({
    write(chunk, _encoding, done) {
      calls.push([String(chunk)])
      done()
    },
    writev(chunks, done) {
      calls.push(chunks.map(({ chunk }) => String(chunk)))
      done()
    },
  })
  const hold = joinWrites(socket)
  const write = (text: string): void => {
    hold()
    socket.write(text)
  }
  return { calls, socket, write }
}

test('what is written in one moment leaves in one write, in its order, before anything else happens', async () => {
  const { calls, write } = createWire()
  write('media 1')
  write('mark 1')
  write('media 2')
  expect(calls).toEqual([])
  await new Promise((resolve) => process.nextTick(resolve))
  expect(calls).toEqual([['media 1', 'mark 1', 'media 2']])
})

test('a later moment has a write of its own', async () => {
  const { calls, write } = createWire()
  for (const text of ['a', 'b']) {
    write(text)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(calls).toEqual([['a'], ['b']])
})

test('a socket that ends in the same moment has sent everything before', async () => {
  const { calls, socket, write } = createWire()
  write('goodbye')
  socket.end()
  await new Promise((resolve) => socket.once('finish', resolve))
  expect(calls).toEqual([['goodbye']])
})
