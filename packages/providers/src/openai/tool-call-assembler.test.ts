import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createToolCallAssembler } from './tool-call-assembler.ts'

const assemble = (...chunks: unknown[]) => {
  const assembler = createToolCallAssembler()
  for (const chunk of chunks) assembler.push(chunk)
  return assembler.take()
}

describe('tool calls of a stream', () => {
  test('are whole however their arguments are cut', () => {
    const text = JSON.stringify({ city: 'Zürich', days: 3 })
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const at = [0, ...cuts.toSorted((one, other) => one - other), text.length]
        const pieces = at.slice(1).map((end, place) => text.slice(at[place], end))
        const chunks = pieces.map((piece, place) => [
          {
            index: 0,
            ...(place === 0 ? { id: 'c1' } : {}),
            function: { ...(place === 0 ? { name: 'weather' } : {}), arguments: piece },
          },
        ])
        expect(assemble(...chunks)).toEqual([{ id: 'c1', name: 'weather', arguments: text }])
      }),
    )
  })

  test('that are told at the same time stay apart by their index', () => {
    expect(
      assemble(
        [
          { index: 0, id: 'a', function: { name: 'one', arguments: '{"x"' } },
          { index: 1, id: 'b', function: { name: 'two', arguments: '{' } },
        ],
        [{ index: 1, function: { arguments: '}' } }],
        [{ index: 0, function: { arguments: ':1}' } }],
      ),
    ).toEqual([
      { id: 'a', name: 'one', arguments: '{"x":1}' },
      { id: 'b', name: 'two', arguments: '{}' },
    ])
  })

  test('without index, without id, or with an object for arguments are understood', () => {
    expect(
      assemble(
        [{ id: 'a', function: { name: 'one', arguments: '{' } }],
        [{ function: { arguments: '}' } }],
        [{ id: 'b', function: { name: 'two', arguments: { x: 1 } } }],
      ),
    ).toEqual([
      { id: 'a', name: 'one', arguments: '{}' },
      { id: 'b', name: 'two', arguments: '{"x":1}' },
    ])
    expect(assemble([{ index: 0, function: { name: 'three' } }])).toEqual([
      { id: 'call_0', name: 'three', arguments: '{}' },
    ])
  })

  test('that are no calls are left out, and nothing throws', () => {
    fc.assert(fc.property(fc.anything(), (anything) => void assemble(anything, [anything])))
    expect(assemble(null, [{}, 3, { function: {} }], [{ index: 0, function: { arguments: '{}' } }])).toEqual(
      [],
    )
  })
})
