import { setTimeout as wait } from 'node:timers/promises'
import { isCoded } from '@steadfleet/base'
import { askAgent, LocalProblem } from '../../packages/agent/src/device/local-client.ts'
import type { Paths } from '../../packages/agent/src/disk/paths.ts'

const lookMs = 50
const mostLooks = 6000
/** The generation that every laboratory's device ran first. */
const earliestNumber = 1

/**
 * What somebody at the device does who wants its first generation back: asks as soon as the agent
 * answers, in each of its lives. That it is on its way, or there, is all right with them.
 */
export async function askToRevert(paths: Paths): Promise<void> {
  for (let looks = 0; looks < mostLooks; looks++) {
    try {
      await askAgent(paths, 'revert', { body: { to: earliestNumber } })
      return
    } catch (error) {
      if (error instanceof LocalProblem && error.code === 'agent/no-earlier') return
      if (!isCoded(error, 'agent/no-agent')) throw error
      await wait(lookMs)
    }
  }
  throw new Error('the agent does not answer who stands before it')
}
