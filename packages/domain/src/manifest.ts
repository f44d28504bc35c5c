import { type Static, Type } from 'typebox'
import { Architecture, PackageName, PublisherName } from './identifiers.ts'
import { object, oneOf, parserOf, record } from './schema.ts'
import { SettingDeclarations, SettingName } from './settings.ts'

const TreePath = Type.String({
  pattern: '^(?!/)(?!.*(^|/)\\.\\.?(/|$))[^\\u0000]{1,4096}$',
  description: 'A path inside the tree, relative, without "." or "..".',
})
const AppName = Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' })
const Command = Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), {
  minItems: 1,
  maxItems: 64,
  description: 'Program and arguments; the program is a path inside the tree. No shell reads it.',
})
const Seconds = Type.Integer({ minimum: 1, maximum: 86_400 })
const Port = Type.Union([
  Type.Integer({ minimum: 1, maximum: 65_535 }),
  object({ setting: SettingName }),
])

const Unpack = Type.Array(Type.String(), {
  maxItems: 100,
  description:
    'Patterns of .gz, .xz and .zst files that are stored unpacked, without that ending: deltas of them are small.',
})

/** Where the files of a tree come from. A later source overwrites an earlier one's file. */
export const Source = Type.Union([
  object(
    {
      directory: Type.String({ description: 'A folder or file, relative to the manifest.' }),
      to: Type.Optional(TreePath),
      architecture: Type.Optional(Architecture),
      exclude: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
      unpack: Type.Optional(Unpack),
    },
    { title: 'directory' },
  ),
  object(
    {
      debian: Type.Array(Type.String({ pattern: '^[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+:~-]+)?$' }), {
        minItems: 1,
        maxItems: 500,
        description: 'Packages as NAME or NAME=VERSION; unpacked, no script of theirs is run.',
      }),
      follow: Type.Optional(
        Type.Boolean({ description: 'Whether dependencies are followed. Default: true.' }),
      ),
      'stop-at': Type.Optional(
        Type.Array(Type.String(), { description: 'Packages that are not followed into.' }),
      ),
      exclude: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
      unpack: Type.Optional(Unpack),
    },
    { title: 'debian' },
  ),
])
export type Source = Static<typeof Source>

const timing = {
  'every-seconds': Type.Optional(Seconds),
  'timeout-seconds': Type.Optional(Seconds),
  'start-seconds': Type.Optional(Seconds),
}

/** How an app proves that it works. Absent: that it runs is enough. */
export const HealthCheck = Type.Union([
  object({ http: object({ port: Port, path: Type.String({ pattern: '^/' }) }), ...timing }),
  object({ tcp: object({ port: Port }), ...timing }),
  object({ exec: Command, ...timing }),
])
export type HealthCheck = Static<typeof HealthCheck>

export const App = object({
  command: Command,
  daemon: Type.Optional(oneOf('simple', 'oneshot')),
  restart: Type.Optional(oneOf('always', 'on-failure', 'never')),
  'stop-timeout-seconds': Type.Optional(Seconds),
  environment: Type.Optional(record(Type.String({ pattern: '^[A-Z][A-Z0-9_]*$' }), Type.String())),
  health: Type.Optional(HealthCheck),
})
export type App = Static<typeof App>

/**
 * What one request asks of an interface. Which further members an interface reads is in `confine`, which
 * refuses the others when a package is made.
 */
export const InterfaceRequest = Type.Unsafe<InterfaceRequest>(
  Type.Object({
    interface: Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }),
    reason: Type.Optional(Type.String({ maxLength: 200 })),
  }),
)
export interface InterfaceRequest {
  readonly interface: string
  readonly reason?: string
  readonly [member: string]: unknown
}

/** What a device must know of a package to run it; carried in the release record. */
const behaviour = {
  apps: record(AppName, App, { minProperties: 1, maxProperties: 50 }),
  interfaces: Type.Optional(Type.Array(InterfaceRequest, { maxItems: 100 })),
  settings: Type.Optional(SettingDeclarations),
  hooks: Type.Optional(
    object({
      migrate: Type.Optional(Command),
      'check-health': Type.Optional(Command),
      'safe-state': Type.Optional(Command),
    }),
  ),
  limits: Type.Optional(
    object({
      'memory-mb': Type.Optional(Type.Integer({ minimum: 4, maximum: 1_048_576 })),
      processes: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
      'disk-mb': Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 16_777_216,
          description: 'What all of its data takes on the disk; an app that takes more is ended.',
        }),
      ),
      'open-files': Type.Optional(
        Type.Integer({ minimum: 16, maximum: 1_048_576, description: 'Each process may hold.' }),
      ),
      'cpu-percent': Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 100_000,
          description: 'Of one core; an app that may use two whole ones has 200.',
        }),
      ),
    }),
  ),
  data: Type.Optional(
    object({
      shared: Type.Optional(
        Type.Array(Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$' }), {
          minItems: 1,
          maxItems: 20,
          uniqueItems: true,
          description:
            'Folders of /data that all generations have in common: never copied, never taken back.',
        }),
      ),
    }),
  ),
  'probation-seconds': Type.Optional(Seconds),
  'security-revision': Type.Optional(
    Type.Integer({
      minimum: 1,
      description:
        'The newest revision that mends a known flaw: an update from below it is urgent.',
    }),
  ),
  'together-with': Type.Optional(
    Type.Array(PackageName, {
      maxItems: 50,
      uniqueItems: true,
      description: 'Packages that change with this one as one or not at all.',
    }),
  ),
}

export const Behaviour = object(behaviour)
export type Behaviour = Static<typeof Behaviour>

/** What hygiene finds in the tree: whether it refuses, and what is accepted, with the reason. */
const Hygiene = object({
  refuse: Type.Optional(oneOf('severe', 'warnings')),
  accept: Type.Optional(
    Type.Array(
      object({
        finding: Type.String({ pattern: '^[a-z][a-z-]{0,39}$' }),
        path: Type.String({
          minLength: 1,
          maxLength: 4096,
          description: 'A path of the tree, or a pattern as `exclude` has them.',
        }),
        reason: Type.String({ minLength: 10, maxLength: 200 }),
      }),
      { maxItems: 200 },
    ),
  ),
})

/** `steadfleet.yaml`: a package, declared once. */
export const Manifest = object(
  {
    name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }),
    publisher: PublisherName,
    version: Type.String({
      minLength: 1,
      maxLength: 80,
      pattern: '^[^\\u0000-\\u001f\\u007f]*$',
      description: 'A label for people, on one line.',
    }),
    summary: Type.Optional(Type.String({ maxLength: 200 })),
    architectures: Type.Array(Architecture, { minItems: 1, uniqueItems: true }),
    sources: Type.Array(Source, { minItems: 1, maxItems: 100 }),
    setuid: Type.Optional(
      Type.Array(object({ path: TreePath, reason: Type.String({ minLength: 10 }) })),
    ),
    hygiene: Type.Optional(Hygiene),
    'support-end': Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
    'security-contact': Type.String({ pattern: '^(mailto:|https://)' }),
    ...behaviour,
  },
  { title: 'steadfleet.yaml' },
)
export type Manifest = Static<typeof Manifest>
export const parseManifestValue = parserOf('manifest', Manifest)
