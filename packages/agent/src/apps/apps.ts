import type {
  App,
  AppStatus,
  Behaviour,
  ConfinementPart,
  InterfaceRequest,
  IsolationPolicy,
  PackageName,
  SettingValues,
} from '@steadfleet/domain'
import type { Attempts } from '../network/index.ts'
import type { BusTools } from './opened/bus-proxy.ts'

/** One app of one release, and all that its sandbox needs to know. */
export interface AppSpec {
  readonly package: PackageName
  readonly app: string
  readonly revision: number
  /** Absolute path of the installed tree. */
  readonly tree: string
  /** Absolute path of the private data directory; the supervisor gives it to the app's uid. */
  readonly data: string
  /** Folders of its data that all its generations have in common; absent where it declares none. */
  readonly shared?: readonly SharedFolder[]
  /** Absolute path of the settings file, which the app sees read-only. */
  readonly settings: string
  readonly values: SettingValues
  readonly declaration: App
  /** Requested by the manifest, granted by the owner, within the ceiling. */
  readonly opened: readonly InterfaceRequest[]
  readonly limits: Behaviour['limits']
}

/** A folder `name` of an app's data that lies at `path`, outside of it. */
export interface SharedFolder {
  readonly name: string
  readonly path: string
}

/** How one run of an app ended. `exit` or `signal` is there, never both. */
export interface AppExit {
  readonly package: PackageName
  readonly app: string
  readonly revision: number
  readonly exit?: number
  readonly signal?: string
  /** The last lines it said, as it said them. */
  readonly log: string[]
  /** The settings it was given. */
  readonly values: SettingValues
  readonly outOfMemory: boolean
}

/** What an app may do or want too much of. */
export type Excessive = 'floods' | 'forks' | 'is throttled' | 'is short of memory'

/** What an app did that it should not, short of ending by itself. */
export interface AppTrouble {
  readonly package: PackageName
  readonly app: string
  readonly revision: number
  readonly trouble: Excessive | 'is deaf' | 'fills the disk'
  /** What was seen, for people. */
  readonly why: string
}

/** One line of an app's output as it comes. */
export interface AppLine {
  readonly package: PackageName
  readonly app: string
  readonly text: string
}

export interface HealthVerdict {
  readonly ok: boolean
  readonly why: string
}

export interface HookResult {
  readonly exit: number
  readonly output: string[]
}

/** The running apps of one device. They outlive it: closing ends supervision, not the apps. */
export interface Apps {
  /** Begins supervision: the app runs until stopped, restarted as its policy says. */
  start(spec: AppSpec): Promise<void>
  /** The same, but what may not start yet is begun by {@link retry}, or by and by. */
  keep(spec: AppSpec): Promise<void>
  /** Begins now what of the package waits to be begun again. */
  retry(packageName: PackageName): Promise<void>
  /** Ends every app of the package; returns when nothing of it runs. */
  stop(packageName: PackageName): Promise<void>
  /** Takes over what runs, starts what should run and does not, stops what should not. */
  adopt(specs: readonly AppSpec[]): Promise<void>
  status(): readonly AppStatus[]
  /** Runs the checks that the package's apps declare, once. */
  health(packageName: PackageName): Promise<HealthVerdict>
  /** Runs a command in a sandbox of the app's making; ended when the time is up. */
  hook(spec: AppSpec, command: readonly string[], timeoutSeconds: number): Promise<HookResult>
  log(packageName: PackageName, app: string, lines: number): Promise<string[]>
  onExit(listener: (exit: AppExit) => void): void
  onTrouble(listener: (trouble: AppTrouble) => void): void
  /** Calls `listener` with what packages tried to reach and may not. */
  onAttempts(listener: (attempts: Attempts) => void): void
  /** Cuts off the networks of these packages, or of all; lets all others go. */
  isolate(isolation: IsolationPolicy): Promise<void>
  /**
   * What the newest order insists on: what runs on a device that lacks any of it is ended, and begun again once
   * it is insisted on no more. Gives what is lacking, in words.
   */
  require(parts: readonly string[]): Promise<string | undefined>
  /** Calls `listener` with each new line of output, until the returned function is called. */
  follow(listener: (line: AppLine) => void): () => void
  /** What is and is not enforced here, probed at the start; for the report's attributes. */
  describeConfinement(): Readonly<Record<string, string>>
  close(): Promise<void>
}

export interface AppsOptions {
  readonly stateDir: string
  readonly backOff?: BackOff
  /** False: as on a device without cgroups. */
  readonly withCgroups?: boolean
  /** Throws where nothing may be started from the app's tree; asked before each start. */
  readonly refuseDamaged?: (spec: AppSpec) => Promise<void>
  /** Where the device tells of its hardware; /sys where nothing else is said. */
  readonly sysfs?: string
  /** How the system bus is reached; found on the device where nothing else is said. */
  readonly bus?: BusTools
  /** Restarts the device or turns it off, for a package that may ask for it. */
  readonly power?: (request: 'restart' | 'power-off', packageName: string) => void
  /** What the owner insists on: where any of it is lacking, no app is started. */
  readonly require?: readonly ConfinementPart[]
  /** Is told what went wrong where nobody waits for an answer. */
  readonly warn?: (message: string) => void
}

/** How long a failing app waits to be started again: doubling from `first` to `longest`. */
export interface BackOff {
  readonly firstMs: number
  readonly longestMs: number
  /** An app that ran this long begins again at `first`. */
  readonly calmMs: number
}
