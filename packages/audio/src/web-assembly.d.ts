/** The part of WebAssembly's interface for JavaScript that `fir-filter.ts` uses; it comes with the types of browsers, which we do not want. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module)
    readonly exports: Readonly<Record<string, unknown>>
  }
}
