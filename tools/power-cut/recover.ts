import { setTimeout as wait } from 'node:timers/promises'
import type { Paths } from '../../packages/agent/src/disk/paths.ts'
import { isSystemError } from '../../packages/agent/src/error.ts'
import { agentName } from '../../packages/agent/src/testing/launched-agent.test.ts'
import {
  faultsOfHistory,
  faultsOfStore,
  leftoversOf,
  pointedAgent,
  pointedGeneration,
  revisionsOf,
} from './inspect.ts'
import { type Journey, launchingOf, old } from './journeys.ts'
import type { Laboratory } from './laboratory.ts'
import { type Life, lives, type Manifestation } from './lives.ts'
import { isSame, published, type Revisions } from './published.ts'
import { forgetFirewall } from './reboot.ts'
import { type Recording, settled } from './recording.ts'
import { faultsOfRules } from './rules.ts'

/** How a device came back from one cut. */
export interface Verdict {
  /** Which generation the pointer named when power came back. */
  readonly found: 'old' | 'new' | 'between' | 'none'
  /** What is not as it must be; nothing, if all is well. */
  readonly broken: readonly string[]
  /** What somebody had stored and is there no more. */
  readonly lost: readonly string[]
  readonly said: string
}

/** Starts the agent over what a cut left, and holds all that it does then against the journey. */
export async function recover(
  laboratory: Laboratory,
  { journey, moment }: Recording,
  how: Manifestation,
): Promise<Verdict> {
  const { fleet, paths } = laboratory
  fleet.rewind(moment)
  const broken: string[] = []
  const lost: string[] = []
  const pointed = pointedGeneration(paths)
  const found = nameOf(journey, pointed && revisionsOf(pointed))
  if (found === 'none') broken.push('the pointer names nothing that may run')
  else broken.push(...faultsOfRules(paths))
  let life: Life | undefined
  try {
    if (how !== 'pretend') await forgetFirewall()
    life = await lives[how](paths, launchingOf(journey))
    await journey.ask?.(paths)
    await settled(laboratory, journey)
    broken.push(...faultsOfAgent(laboratory, journey))
    const { end, late, next } = journey
    await holdAgainst(laboratory, life, { now: end, ran: [old, end] }, lost)
    journey.relieve?.(paths)
    broken.push(...faultsOfStore(paths))
    await laboratory.update(next)
    await holdAgainst(laboratory, life, { now: next, ran: [old, end, ...late, next], late }, lost)
    broken.push(...(await remaining(laboratory)), ...faultsOfStore(paths))
  } catch (error) {
    broken.push(error instanceof Error ? error.message : String(error))
  } finally {
    await life?.end()
  }
  return { found, broken, lost, said: life?.said() ?? '' }
}

function nameOf(journey: Journey, revisions: Revisions | undefined): Verdict['found'] {
  if (revisions === undefined) return 'none'
  if (isSame(revisions, old)) return 'old'
  if (journey.order && isSame(revisions, journey.order)) return 'new'
  if (isSame(revisions, journey.end)) return 'new'
  return journey.between.some(one => isSame(one, revisions)) ? 'between' : 'none'
}

/** What runs now, and what did before it. */
interface Lived {
  readonly now: Revisions
  readonly ran: readonly Revisions[]
  readonly late?: readonly Revisions[]
}

/** Every package answers, and its data are what the generations that ran in turn left. */
async function holdAgainst(
  laboratory: Laboratory,
  life: Life,
  { now, ran, late = [] }: Lived,
  lost: string[],
): Promise<void> {
  for (const [name, port] of Object.entries(laboratory.ports)) {
    if (now[name] === undefined) continue
    const words = await life.ask(name, port)
    // What was taken off had its data collected, and begins anew.
    const first = ran.findLastIndex(one => one[name] === undefined) + 1
    const faults = faultsOfHistory(words, {
      before: first === 0 ? (laboratory.history[name] ?? []) : [],
      ran: [...new Set(ran.slice(first).flatMap(one => one[name] ?? []))],
      migrated: migrationsOf(name),
      maybe: late.map(one => one[name]).filter(one => one !== old[name]),
    })
    lost.push(...faults.map(fault => `data of ${name}: ${fault}`))
  }
}

/** The agent that runs is the one of the generation, where it came as a package. */
function faultsOfAgent({ paths, shelf }: Laboratory, { end }: Journey): string[] {
  const release = shelf.get(`${agentName} ${end[agentName]}`)
  const expected = release?.record.tree.digest.slice(7) ?? 'own'
  const found = pointedAgent(paths)
  return found === expected ? [] : [`the agent is ${found}, not ${expected}`]
}

function migrationsOf(name: string): number[] {
  return published
    .filter(one => one.package === name && one.migrates === 'well')
    .map(one => one.revision)
}

/** What is left over once the agent had time to collect it. */
async function remaining({ paths, patience }: Laboratory): Promise<string[]> {
  const until = performance.now() + patience.quietMs
  for (;;) {
    const left = leftNow(paths)
    if (left.length === 0 || performance.now() > until) return left.map(one => `left over: ${one}`)
    await wait(50)
  }
}

/** What is collected while it is looked at is still left over. */
function leftNow(paths: Paths): string[] {
  try {
    return leftoversOf(paths)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [error instanceof Error ? error.message : 'gone']
    throw error
  }
}
