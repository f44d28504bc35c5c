import { join } from 'node:path'
import { type Digest, toHexDigest } from '@steadfleet/base'

/** Where everything of one agent lies. Nothing outside it is ever written. */
export interface Paths {
  readonly root: string
  readonly lock: string
  readonly holder: string
  readonly identity: string
  readonly deviceKey: string
  /** To whose public half secrets are sealed. */
  readonly sealingKey: string
  readonly enrolment: string
  readonly trust: string
  readonly objects: string
  readonly incoming: string
  readonly trees: string
  /** Where trees are laid out, and taken apart: nobody but the agent may enter. */
  readonly building: string
  /** What was found damaged in the store, for whoever wants to know how. */
  readonly damaged: string
  readonly scrub: string
  readonly generations: string
  readonly current: string
  readonly journal: string
  readonly data: string
  readonly outbox: string
  readonly socket: string
  /** Packages whose networks the device itself has cut. */
  readonly isolated: string
  /** What was said on the device itself. */
  readonly say: string
  /** Where apps say not now: a folder for each package, which its sandbox shows it. */
  readonly leases: string
  /** How the last changes came out, for people. */
  readonly history: string
  /** The sockets of the device's own interface. */
  readonly api: string
  /** What the last order was verified by, where a file brought it. */
  readonly offline: string
  /** Where files to be imported are named. */
  readonly imports: string
  /** Which agent runs, and how rescuer and agent understand each other. */
  readonly agent: string
}

export function pathsOf(root: string): Paths {
  const at = (...parts: string[]) => join(root, ...parts)
  return {
    root,
    lock: at('lock.db'),
    holder: at('holder'),
    identity: at('identity'),
    deviceKey: at('identity', 'device.key'),
    sealingKey: at('identity', 'sealing.key'),
    enrolment: at('identity', 'enrolment.json'),
    trust: at('trust'),
    objects: at('objects'),
    incoming: at('incoming'),
    trees: at('trees'),
    building: at('building'),
    damaged: at('damaged'),
    scrub: at('scrub.json'),
    generations: at('generations'),
    current: at('current'),
    journal: at('journal'),
    data: at('data'),
    outbox: at('outbox'),
    socket: at('agent.sock'),
    isolated: at('isolated.json'),
    say: at('say.json'),
    leases: at('leases'),
    history: at('history.json'),
    api: at('api'),
    offline: at('offline'),
    imports: at('imports'),
    agent: at('agent'),
  }
}

export function treePath(paths: Paths, tree: Digest): string {
  return join(paths.trees, toHexDigest(tree))
}

export function generationPath(paths: Paths, number: number): string {
  return join(paths.generations, String(number))
}

/** The private directory a package has under the generation `number`. */
export function dataPath(paths: Paths, packageName: string, number: number): string {
  return join(paths.data, packageName.replace('/', '.'), String(number))
}

/** A folder of a package that every generation of it has in common. */
export function sharedPath(paths: Paths, packageName: string, name: string): string {
  return join(paths.data, packageName.replace('/', '.'), 'shared', name)
}

/** What the app reads of its settings: as old as its data, so it never changes under a running app. */
export function settingsPath(paths: Paths, packageName: string, number: number): string {
  return `${dataPath(paths, packageName, number)}.settings.json`
}

/** The folder in which the apps of a package make their leases. */
export function leasePath(paths: Pick<Paths, 'leases'>, packageName: string): string {
  return join(paths.leases, packageName.replace('/', '.'))
}
