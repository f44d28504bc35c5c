import { scrubLines } from './scrub.ts'

/** What a failure brings of what an app printed, at most. */
const mostLines = 60
const longestLine = 4096
const mostCharacters = 32 * 1024

/** The end of what was printed, without secrets: scrubbed before anything is cut off, so that none is halved. */
export function tailOf(lines: readonly string[], secrets: readonly string[] = []): string[] {
  const clean = scrubLines(lines, secrets).map(line => line.slice(0, longestLine))
  const tail: string[] = []
  let characters = 0
  for (const line of clean.slice(-mostLines).reverse()) {
    characters += line.length + 1
    if (characters > mostCharacters) break
    tail.unshift(line)
  }
  return tail
}
