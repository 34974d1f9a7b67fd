/** The target of a test: not the endpoint's own, so that its breaker neither delays the test nor counts it. */
export function testTarget(endpointId: string): string {
  return `test:${endpointId}`
}
