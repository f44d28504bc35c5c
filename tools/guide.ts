import { readFileSync } from 'node:fs'

/** One fenced block of a guide, and what a reader does with it. */
export type GuideBlock =
  | { readonly does: 'run'; readonly script: string }
  | { readonly does: 'keep running'; readonly script: string; readonly until: string }
  | { readonly does: 'run at the end'; readonly script: string }
  | { readonly does: 'write'; readonly path: string; readonly content: string }

const fence = /^```(\w+)(?: ([^\n]*))?\n([\s\S]*?)^```$/gm

/**
 * The blocks of a guide that a reader acts on, in order: `sh` is typed, `sh background until "TEXT"`
 * is left running in a terminal of its own once it has said TEXT, `sh afterwards` is typed when those
 * have been ended by Ctrl-C, `file=PATH` is written to a file.
 */
export function blocksOf(guide: string): GuideBlock[] {
  return [...readFileSync(guide, 'utf8').matchAll(fence)].flatMap(match =>
    toBlock(match[1] ?? '', match[2] ?? '', match[3] ?? ''),
  )
}

function toBlock(language: string, words: string, content: string): GuideBlock[] {
  const path = /^file=(\S+)$/.exec(words)?.[1]
  if (path !== undefined) return [{ does: 'write', path, content }]
  if (language !== 'sh') return []
  if (words === 'afterwards') return [{ does: 'run at the end', script: content }]
  const until = /^background until "(.+)"$/.exec(words)?.[1]
  return until === undefined
    ? [{ does: 'run', script: content }]
    : [{ does: 'keep running', script: content, until }]
}
