/** The package ships no types; this is the part of libfvad's C interface (fvad.h) that it exports, as an Emscripten module. */
declare module '@echogarden/fvad-wasm' {
  export interface FvadModule {
    /** Replaced by the module when its memory grows: read it anew each time. */
    readonly HEAP16: Int16Array
    _malloc(bytes: number): number
    _free(pointer: number): void
    /** 0 when memory is exhausted. */
    _fvad_new(): number
    _fvad_free(instance: number): void
    _fvad_reset(instance: number): void
    /** 0 (least) to 3 (most aggressive about calling sound non-speech). 0 on success. */
    _fvad_set_mode(instance: number, mode: number): number
    _fvad_set_sample_rate(instance: number, sampleRateHz: number): number
    /** 1 speech, 0 none, -1 for a frame length other than 10, 20 or 30 ms. */
    _fvad_process(instance: number, samples: number, length: number): number
  }
  export default function createFvad(): Promise<FvadModule>
}
