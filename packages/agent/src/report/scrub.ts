import type { SettingValues } from '@steadfleet/domain'

/** What stands in the place of a secret. */
const scrubbed = '[scrubbed]'

/** One kind of secret: how it is known, and what is left of it. */
interface ScrubRule {
  readonly name: string
  readonly pattern: RegExp
  readonly replacement: string
}

/** Names under which secrets are given; bounded on both sides, so that no line takes long to read. */
const secretName =
  '[\\w.-]{0,40}(?:passw(?:or)?d|passwd|pwd|passphrase|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|session[_-]?(?:id|key)|cookie)[\\w.-]{0,40}'
const quoted = '"(?:\\\\.|[^"\\\\\\n])*(?:"|$)|\'(?:\\\\.|[^\'\\\\\\n])*(?:\'|$)'

/**
 * What must not leave the device, whatever an app printed. Each is applied to all of a text at once, in this
 * order: a key stands on many lines. Where it is not clear how far a secret goes, more is taken.
 */
export const scrubRules: readonly ScrubRule[] = [
  {
    name: 'private key block',
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
    replacement: scrubbed,
  },
  {
    name: 'end of a private key block whose beginning is cut off',
    pattern: /^[\s\S]*-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/,
    replacement: scrubbed,
  },
  {
    name: 'user and password in a URL',
    pattern: /\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s"'<>]{1,400}@/gi,
    replacement: `$1${scrubbed}@`,
  },
  {
    name: 'authorization and cookie headers',
    pattern: /\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?[^\S\n]*[:=])[^\n]+/gi,
    replacement: `$1$2 ${scrubbed}`,
  },
  {
    name: 'bearer and basic credentials',
    pattern: /\b(bearer|basic)([^\S\n]+)[\w.~+/-]{8,}=*/gi,
    replacement: `$1$2${scrubbed}`,
  },
  {
    name: 'option of a command line',
    pattern: new RegExp(
      `((?:^|[\\s"'\`])--?${secretName})([^\\S\\n]+)(?:${quoted}|[^\\s=:-]\\S*)`,
      'gim',
    ),
    replacement: `$1$2${scrubbed}`,
  },
  {
    name: 'named value, as in JSON, a query or an environment',
    pattern: new RegExp(
      `\\b(${secretName}["']?[^\\S\\n]*=[^\\S\\n]*)(?:${quoted}|[^\\s&,;]+)`,
      'gim',
    ),
    replacement: `$1${scrubbed}`,
  },
  {
    name: 'named value, as in YAML or a sentence',
    pattern: new RegExp(
      `\\b(${secretName}["']?[^\\S\\n]*:[^\\S\\n]*)(?:${quoted}|[^\\s"'][^\\n]*)`,
      'gim',
    ),
    replacement: `$1${scrubbed}`,
  },
  {
    name: 'JSON web token',
    pattern: /\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?/g,
    replacement: scrubbed,
  },
  {
    name: 'key of a known form',
    pattern:
      /\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[opsru]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_\w{30,}|xox[abeoprs]-[\w-]{10,}|[rs]k_(?:live|test)_\w{16,}|AIza[\w-]{35}|whsec_[\w+/=-]{16,}|sf1\.[\w-]{16,})/g,
    replacement: scrubbed,
  },
]

/** Values shorter than this are in too many words to be looked for. */
const shortestSecret = 4

/**
 * Lines without any secret: neither what a rule knows, nor one of `secrets`, plain or in the forms in which
 * programs repeat them. The number of lines may be smaller than before.
 */
export function scrubLines(lines: readonly string[], secrets: readonly string[] = []): string[] {
  if (lines.length === 0) return []
  return scrubText(lines.join('\n'), secrets).split('\n')
}

/** The same of one text. */
export function scrubText(text: string, secrets: readonly string[] = []): string {
  const known = formsOf(secrets).reduce((left, form) => left.replaceAll(form, scrubbed), text)
  return scrubRules.reduce(
    (left, { pattern, replacement }) => left.replace(pattern, replacement),
    known,
  )
}

/** As given, in base64, in a URL and in JSON; the longest first, so that none hides in another. */
function formsOf(secrets: readonly string[]): string[] {
  const forms = secrets
    .filter(({ length }) => length >= shortestSecret)
    .flatMap(secret => [
      secret,
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      encodeURIComponent(secret.toWellFormed()),
      JSON.stringify(secret).slice(1, -1),
      ...secret.split('\n').filter(({ length }) => length >= shortestSecret),
    ])
  return [...new Set(forms)].sort((a, b) => b.length - a.length)
}

const isSecretName = new RegExp(`^${secretName}$`, 'i')

/** What must not be told of a package: secrets that were sealed, and settings that are secret by their name. */
export type SecretsOf = (of: {
  readonly package: string
  readonly settings: SettingValues
}) => Promise<readonly string[]>

/** Of an app's settings those that are secret by their name. */
export function secretsIn(values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    isSecretName.test(name) && typeof value === 'string' ? [value] : [],
  )
}
