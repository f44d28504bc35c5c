import type { Link } from './link.ts'

const width = 12

/** A link as people read it: its name, and what follows from it, one thing a line. */
export function toWords({ name, says }: Link): string {
  const [first = '', ...more] = says
  const indent = ' '.repeat(width + 2)
  return [`✓ ${name.padEnd(width)}${first}`, ...more.map(line => `${indent}${line}`)].join('\n')
}

/** The link that does not hold. */
export function toBrokenWords(name: string, message: string): string {
  return `✗ ${name.padEnd(width)}${message}`
}
