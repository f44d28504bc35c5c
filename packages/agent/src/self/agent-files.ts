import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Digest,
  digestFromHex,
  isCoded,
  parseStrictJson,
  toDocument,
  toHexDigest,
  toUtf8,
} from '@steadfleet/base'
import { readIfThere, writeDurably } from '../disk/durable.ts'
import type { Paths } from '../disk/paths.ts'

/** The tree of an agent that came as a package, or `own`: the one that the device was given. */
export type AgentName = Digest | 'own'

/** What is known of an agent that came as a package, for whoever reads a report. */
export interface AgentRelease {
  readonly tree: AgentName
  readonly package: string
  readonly revision: number
  readonly version: string
}

/** What the rescuer did, as it wrote it down before it did it. */
export type Rescue =
  | {
      readonly kind: 'agent'
      readonly from: AgentName
      readonly to: AgentName
      readonly starts: number
      /** Its file was not what it was when it was taken. */
      readonly isChanged: boolean
    }
  | { readonly kind: 'generation'; readonly from: number; readonly to: number; starts: number }

/** How the trial of an agent goes, from one of its starts to the next. */
export interface Trial {
  readonly tree: AgentName
  /** The boot of the machine in which it last started. */
  readonly boot: string
  /** Starts after one that ended by itself. */
  readonly restarts: number
  /** It was asked to end, and did. */
  readonly ended: boolean
}

/**
 * The files by which agent and rescuer understand each other: one line each, for a shell to read.
 * docs/formats/agent-state.md §The agent itself
 */
export class AgentFiles {
  readonly #folder: string

  constructor({ agent }: Pick<Paths, 'agent'>) {
    this.#folder = agent
  }

  /** Which agent the next start runs. */
  async current(): Promise<AgentName> {
    return parseName(await this.#line('current')) ?? 'own'
  }

  async previous(): Promise<AgentName | undefined> {
    return parseName(await this.#line('previous'))
  }

  /** The trees of the agents that are pointed to: the rescuer may start each of them. */
  async trees(): Promise<Digest[]> {
    const named = [await this.current(), await this.previous(), (await this.proven())?.agent]
    return named.flatMap(one => (one === undefined || one === 'own' ? [] : [one]))
  }

  /** The agent that was healthy last, and the generation it was so under. */
  async proven(): Promise<{ agent: AgentName; generation: number } | undefined> {
    const [name, generation = ''] = (await this.#line('proven')).split(' ')
    const agent = parseName(name)
    const isWhole = agent !== undefined && /^\d{1,9}$/.test(generation)
    return isWhole ? { agent, generation: Number(generation) } : undefined
  }

  /** Points to `next`, whose file is `sum`; what `running` is stays known as the way back. One rename decides. */
  async point(next: AgentRelease, sum: Digest, running: AgentName): Promise<void> {
    await this.#noteSum(next.tree, sum, running)
    const known = await this.known()
    const kept = known.filter(one => one.tree === running)
    await this.#write('known.json', toDocument([...kept, next]))
    await this.#writeLine('previous', toName(running))
    await this.#writeLine('current', toName(next.tree))
  }

  /** What the rescuer compares the file with before it starts it: lines of a tree and its file's SHA-256. */
  async #noteSum(tree: AgentName, sum: Digest, running: AgentName): Promise<void> {
    const kept = [running, (await this.proven())?.agent].map(one => one && toName(one))
    const held = Buffer.from((await readIfThere(join(this.#folder, 'sums'))) ?? []).toString()
    const lines = held.split('\n').filter(line => kept.includes(line.split(' ')[0]))
    await this.#writeLine('sums', [...lines, `${toName(tree)} ${toHexDigest(sum)}`].join('\n'))
  }

  async pointBack(): Promise<void> {
    await this.#writeLine('current', toName((await this.previous()) ?? 'own'))
  }

  /** The way back is gone: what it leads to may not run any more. */
  dropPrevious(): Promise<void> {
    return rm(join(this.#folder, 'previous'), { force: true })
  }

  /** This start of the agent has become healthy: the rescuer counts from nothing again. */
  async setHealthy(): Promise<void> {
    await this.#writeLine('starts', '0')
  }

  async prove(agent: AgentName, generation: number): Promise<void> {
    const held = await this.proven()
    if (held?.agent === agent && held.generation === generation) return
    await this.#writeLine('proven', `${toName(agent)} ${generation}`)
  }

  /** The releases of the agents that the pointers name, as far as they came as packages. */
  async known(): Promise<readonly AgentRelease[]> {
    return ((await this.#json('known.json')) ?? []) as unknown as readonly AgentRelease[]
  }

  async trial(): Promise<Trial | undefined> {
    return (await this.#json('trial.json')) as unknown as Trial | undefined
  }

  async setTrial(trial: Trial | undefined): Promise<void> {
    if (trial) return this.#write('trial.json', toDocument(trial))
    await rm(join(this.#folder, 'trial.json'), { force: true })
  }

  /** What the rescuer did since {@link forgetRescues}. */
  async rescues(): Promise<Rescue[]> {
    const text = await readIfThere(join(this.#folder, 'rescued'))
    const lines = Buffer.from(text ?? [])
      .toString()
      .split('\n')
    return lines.flatMap(line => parseRescue(line) ?? [])
  }

  forgetRescues(): Promise<void> {
    return rm(join(this.#folder, 'rescued'), { force: true })
  }

  async #line(name: string): Promise<string> {
    const bytes = await readFile(join(this.#folder, name)).catch(() => undefined)
    return bytes?.subarray(0, 256).toString().split('\n')[0] ?? ''
  }

  #writeLine(name: string, line: string): Promise<void> {
    return this.#write(name, toUtf8(`${line}\n`))
  }

  #write(name: string, bytes: Uint8Array): Promise<void> {
    return writeDurably(join(this.#folder, name), bytes)
  }

  /** A file that is torn is none: nothing is decided by these that the pointers do not say too. */
  async #json(name: string): Promise<unknown> {
    const bytes = await readIfThere(join(this.#folder, name))
    try {
      return bytes && parseStrictJson(bytes)
    } catch (error) {
      if (isCoded(error)) return undefined
      throw error
    }
  }
}

function toName(agent: AgentName): string {
  return agent === 'own' ? agent : toHexDigest(agent)
}

function parseName(text: string | undefined): AgentName | undefined {
  if (text === 'own') return text
  return text !== undefined && /^[0-9a-f]{64}$/.test(text) ? digestFromHex(text) : undefined
}

function parseRescue(line: string): Rescue | undefined {
  const [kind, before = '', after = '', count, word] = line.split(' ')
  const starts = Number(count)
  if (!Number.isSafeInteger(starts)) return undefined
  if (kind === 'generation') return { kind, from: Number(before), to: Number(after), starts }
  const [from, to] = [parseName(before), parseName(after)]
  const isChanged = word === 'changed'
  return kind === 'agent' && from && to ? { kind, from, to, starts, isChanged } : undefined
}
