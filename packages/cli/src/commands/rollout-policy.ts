import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseRolloutPolicy, type RolloutPolicy } from '@steadfleet/domain'
import { listFleets, setRollouts } from '@steadfleet/protocol'
import { type Call, type CommandSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { rolloutPolicyLines } from '../fleet/rollout-phases.ts'
import { readYaml } from '../pack/yaml.ts'

/** `steadfleet rollout policy` */
export const rolloutPolicy: CommandSpec = {
  name: 'rollout policy',
  summary: 'Show, or set, how rollouts of the fleet go that nobody says more about.',
  options: [
    { flags: '--file <file>', what: 'a policy, YAML or JSON, in place of the one there is' },
    { flags: '--clear', what: 'the usual phases for a fleet of its size again' },
  ],
  examples: [
    'rollout policy',
    'rollout policy --file rollouts.yaml',
    'rollout policy --clear --json',
  ],
  async run(call) {
    const fleet = await openFleet(call)
    const wanted = await wantedPolicy(call)
    const policy = wanted ? await put(fleet, wanted) : await heldPolicy(fleet)
    call.output.answer(policy, () => rolloutPolicyLines(policy).join('\n'))
  },
}

async function wantedPolicy(call: Call): Promise<RolloutPolicy | undefined> {
  const file = textOption(call, 'file')
  const isCleared = call.options.clear === true
  if (file !== undefined && isCleared) {
    throw new CliError('cli/usage', 'cannot take both --file and --clear')
  }
  if (file === undefined) return isCleared ? {} : undefined
  const { value, faults } = readYaml(await readFile(resolve(call.world.directory, file), 'utf8'))
  const [fault] = faults
  if (!fault) return parseRolloutPolicy(value)
  const message = `cannot read ${file}: line ${fault.line}: ${fault.message}`
  throw new CliError('cli/usage', message)
}

async function put({ client, home }: Fleet, body: RolloutPolicy): Promise<RolloutPolicy> {
  return (await client.call(setRollouts, { params: { fleet: home.fleet }, body })).rollouts
}

async function heldPolicy({ client, home }: Fleet): Promise<RolloutPolicy> {
  const fleets = await client.call(listFleets, {})
  return fleets.find(({ name }) => name === home.fleet)?.rollouts ?? {}
}
