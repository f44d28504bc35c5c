import { equalBytes } from '@steadfleet/base'
import { BundleError } from '../error.ts'
import { type ByteSource, toByteSource } from './byte-source.ts'
import { layoutOf } from './elf/layout.ts'
import { Maker } from './maker.ts'
import { OldReader } from './old-reader.ts'
import { placesOf, streamsOf } from './open.ts'
import { type PackedStream, toStreamRefs } from './pack.ts'

/** Whether the streams of one object of code make `wanted` of `old` when they are read again. */
export async function isMadeBy(
  packed: readonly PackedStream[],
  old: ByteSource,
  wanted: Uint8Array,
): Promise<boolean> {
  const delta = toByteSource(new Uint8Array(Buffer.concat(packed.map(stream => stream.packed))))
  const streams = streamsOf(delta, placesOf(toStreamRefs(packed), 0))
  try {
    const maker = new Maker(streams)
    const predictor = await maker.predictor(await layoutOf(old))
    let at = 0
    for await (const bytes of maker.changed(wanted.length, new OldReader(old), predictor)) {
      if (!equalBytes(bytes, wanted.subarray(at, at + bytes.length))) return false
      at += bytes.length
    }
    return at === wanted.length
  } catch (cause) {
    // The second way: what cannot be read again is sent without prediction.
    if (cause instanceof BundleError) return false
    throw cause
  } finally {
    for (const stream of Object.values(streams)) await stream.close()
  }
}
