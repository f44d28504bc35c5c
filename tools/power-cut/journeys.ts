import type { Paths } from '../../packages/agent/src/disk/paths.ts'
import { damageAnObject, emptyDisk, fillDisk, isScrubbed } from './mischief.ts'

/** Revisions by package: what a generation is, as far as the laboratory cares. */
export type Revisions = Readonly<Record<string, number>>

/** How a release's app behaves, by what its script does. */
export type Manner = 'well' | 'never answers' | 'dies late'

export interface Published {
  readonly package: 'acme/hub' | 'acme/lamp'
  readonly revision: number
  readonly manner: Manner
  readonly migrates?: 'well' | 'badly'
  readonly together?: string
}

/** Everything the pretended maker ever published; the journeys order from it. */
export const published: readonly Published[] = [
  { package: 'acme/hub', revision: 1, manner: 'well' },
  { package: 'acme/lamp', revision: 1, manner: 'well' },
  { package: 'acme/hub', revision: 2, manner: 'well' },
  { package: 'acme/lamp', revision: 2, manner: 'well' },
  { package: 'acme/hub', revision: 3, manner: 'well', migrates: 'well' },
  { package: 'acme/lamp', revision: 3, manner: 'well' },
  { package: 'acme/hub', revision: 4, manner: 'never answers' },
  { package: 'acme/hub', revision: 5, manner: 'dies late' },
  { package: 'acme/hub', revision: 6, manner: 'well', migrates: 'badly' },
  { package: 'acme/hub', revision: 7, manner: 'well', together: 'acme/lamp' },
  { package: 'acme/lamp', revision: 7, manner: 'never answers', together: 'acme/hub' },
  { package: 'acme/lamp', revision: 8, manner: 'never answers' },
  { package: 'acme/hub', revision: 9, manner: 'well', migrates: 'well' },
  { package: 'acme/lamp', revision: 9, manner: 'well' },
]

/** What every journey begins with, and what it is asked for at its end. */
export const earliest: Revisions = { 'acme/hub': 1, 'acme/lamp': 1 }
export const old: Revisions = { 'acme/hub': 2, 'acme/lamp': 2 }
export const next: Revisions = { 'acme/hub': 9, 'acme/lamp': 9 }

/** One way through the agent's work, cut everywhere. */
export interface Journey {
  readonly name: string
  readonly what: string
  /** What the fleet orders; without it the journey is what a start does by itself. */
  readonly order?: Revisions
  /** Where it ends, however often it is cut, and what the device says of it there. */
  readonly end: Revisions
  readonly states: readonly string[]
  /** Generations that may run in between, beside the old one and the one at the end. */
  readonly between?: readonly Revisions[]
  /** What is done to the state before it begins, and again taken away at its end. */
  readonly prepare?: (paths: Paths) => void
  readonly relieve?: (paths: Paths) => void
  /** It is about the disk itself: it cannot be cut on files that lie elsewhere. */
  readonly needsDisk?: boolean
  /** What must be so at its end beside what the device reports. */
  readonly isOver?: (paths: Paths) => boolean
}

const done = ['committed']
const undone = ['restored', 'aborted']

/** A journey more is a row more. */
export const journeys: readonly Journey[] = [
  {
    name: 'update',
    what: 'two packages are updated, the data of one migrated',
    order: { 'acme/hub': 3, 'acme/lamp': 3 },
    end: { 'acme/hub': 3, 'acme/lamp': 3 },
    states: done,
  },
  {
    name: 'fails-at-once',
    what: 'the new release never answers',
    order: { 'acme/hub': 4, 'acme/lamp': 2 },
    end: old,
    states: undone,
    between: [{ 'acme/hub': 4, 'acme/lamp': 2 }],
  },
  {
    name: 'fails-late',
    what: 'the new release answers, and dies late in its probation',
    order: { 'acme/hub': 5, 'acme/lamp': 2 },
    end: old,
    states: undone,
    between: [{ 'acme/hub': 5, 'acme/lamp': 2 }],
  },
  {
    name: 'fails-migrate',
    what: 'the new release spoils its data and cannot migrate it',
    order: { 'acme/hub': 6, 'acme/lamp': 2 },
    end: old,
    states: undone,
  },
  {
    name: 'together',
    what: 'two packages change as one, and the second fails',
    order: { 'acme/hub': 7, 'acme/lamp': 7 },
    end: old,
    states: undone,
    between: [{ 'acme/hub': 7, 'acme/lamp': 7 }],
  },
  {
    name: 'one-lane-fails',
    what: 'of two packages that change side by side one fails, the other goes on',
    order: { 'acme/hub': 3, 'acme/lamp': 8 },
    end: { 'acme/hub': 3, 'acme/lamp': 2 },
    states: done,
    between: [{ 'acme/hub': 3, 'acme/lamp': 8 }],
  },
  {
    name: 'disk-full',
    what: 'there is no room to copy the data for the new release',
    order: { 'acme/hub': 3, 'acme/lamp': 2 },
    end: old,
    states: undone,
    prepare: fillDisk,
    relieve: emptyDisk,
    needsDisk: true,
  },
  {
    name: 'collect',
    what: 'a package is taken off, and its tree, objects and data are collected',
    order: { 'acme/hub': 3 },
    end: { 'acme/hub': 3 },
    states: done,
  },
  {
    name: 'scrub',
    what: 'the store is read again, finds a damaged object and repairs it',
    end: old,
    states: done,
    prepare: damageAnObject,
    isOver: isScrubbed,
  },
]
