import { ByteWriter } from './byte-writer.ts'

/**
 * The streams of a delta, in their order in the file. Each holds what all objects have of one kind,
 * one object after another, since alike stands together with alike.
 */
export const streamNames = [
  'way',
  'copy',
  'insert',
  'seek',
  'gap',
  'residual',
  'moves',
  'shift',
  'literal',
] as const
export type StreamName = (typeof streamNames)[number]

export type Streams = Readonly<Record<StreamName, ByteWriter>>

export function makeStreams(): Streams {
  return {
    way: new ByteWriter(),
    copy: new ByteWriter(),
    insert: new ByteWriter(),
    seek: new ByteWriter(),
    gap: new ByteWriter(),
    residual: new ByteWriter(),
    moves: new ByteWriter(),
    shift: new ByteWriter(),
    literal: new ByteWriter(),
  }
}

/** Base-two logarithm of the longest window, in bytes, that the writer gives each stream. */
export const windows: Readonly<Record<StreamName, number>> = {
  way: 16,
  copy: 19,
  insert: 19,
  seek: 19,
  gap: 20,
  residual: 21,
  moves: 19,
  shift: 19,
  literal: 24,
}

/** What a reader must hold to look back, in all streams together, is at most this. */
export const mostWindow = 24 * 1024 * 1024

/** How an object is made: from nothing, or from an old one that is named by its path or its place. */
export const ways = {
  whole: 0,
  samePath: 1,
  other: 2,
  samePathCode: 3,
  otherCode: 4,
} as const
