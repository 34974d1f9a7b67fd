/** Makes outside text storable and sendable: without zero characters, half surrogate pairs replaced. For what people said and models wrote. */
export function cleanText(text: string): string {
  return text.replaceAll('\0', '').replaceAll(/\p{Surrogate}/gu, '\ufffd')
}
