/**
 * Whether a path, or a folder that holds it, matches a pattern: `*` stands for any part of a name,
 * `**` for any part of a path, `?` for one character. A pattern without a slash matches a name at
 * any depth. Names that begin with a dot are names like others.
 */
export function isExcluded(path: string, patterns: readonly string[]): boolean {
  return patterns.some(pattern => expressionOf(pattern).test(path))
}

const cache = new Map<string, RegExp>()

function expressionOf(pattern: string): RegExp {
  const known = cache.get(pattern)
  if (known) return known
  const open = pattern.replace(/\/$/, '')
  const bare = open.replace(/^\.?\//, '')
  const anywhere = open.includes('/') ? '' : '(?:.*/)?'
  const made = new RegExp(`^${anywhere}${translate(bare)}(?:/.*)?$`, 's')
  cache.set(pattern, made)
  return made
}

const wild: Readonly<Record<string, string>> = {
  '**/': '(?:.*/)?',
  '**': '.*',
  '*': '[^/]*',
  '?': '[^/]',
}

function translate(pattern: string): string {
  return pattern.replace(/\*\*\/|\*\*|[\s\S]/g, token => wild[token] ?? literal(token))
}

function literal(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
