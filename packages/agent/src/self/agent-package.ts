import {
  agentInterface,
  type Generation,
  type GenerationPackage,
  isAgentPackage,
  type Wanted,
} from '@steadfleet/engine'
import type { TrustPolicy } from '@steadfleet/trust'
import { AgentError } from '../error.ts'

/** Where the agent lies in the tree of its package; beside it, if it brings one, its runtime `bin/node`. */
export const agentFile = 'steadfleet-agent.mjs'

type Named = Pick<GenerationPackage, 'package' | 'behaviour' | 'interfaces'>

/**
 * Refuses to take a package for the agent that the owner did not name in the ceiling: `*`, which stands
 * for every package of every publisher, names nobody. And no device has two agents.
 */
export function refuseOtherAgents(packages: readonly Named[], { ceiling }: TrustPolicy): void {
  const agents = packages.filter(asksToBeAgent)
  const named = ceiling.get(agentInterface) ?? []
  const stranger = agents.find(one => !isAgentPackage(one) || !named.includes(one.package))
  if (stranger !== undefined) {
    const { package: name } = stranger
    const message = `cannot run ${name} as the agent: the owner’s ceiling does not name it`
    throw new AgentError('agent/not-named', message, { package: name })
  }
  if (agents.length < 2) return
  const names = agents.map(one => one.package)
  const message = `cannot run ${names.join(' and ')}: a device has one agent`
  throw new AgentError('agent/record', message, { packages: names })
}

function asksToBeAgent({ behaviour }: Named): boolean {
  return (behaviour.interfaces ?? []).some(one => one.interface === agentInterface)
}

/** An order without an agent leaves the one that runs: a device is never left without any. */
export function keepAgent(current: Generation, wanted: Wanted): Wanted {
  const agent = current.packages.find(isAgentPackage)
  if (agent === undefined || wanted.packages.some(isAgentPackage)) return wanted
  const isListed = wanted.packages.some(one => one.package === agent.package)
  return isListed ? wanted : { ...wanted, packages: [...wanted.packages, agent] }
}
