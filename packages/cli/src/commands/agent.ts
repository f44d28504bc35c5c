import { argument, type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { programs } from '../process/checkout.ts'
import { refuseFailure, runInForeground } from '../process/child.ts'

const state = {
  flags: '--state <dir>',
  what: 'state directory of the device',
  otherwise: '/var/lib/steadfleet',
}

/** `steadfleet agent run` */
export const agentRun: CommandSpec = {
  name: 'agent run',
  summary: 'Run the agent of a device that has joined, until Ctrl-C; its apps run on.',
  options: [
    state,
    {
      flags: '--require <part>',
      what: 'start no app where this device lacks it: uid, memory, processes, cpu, firewall, landlock',
      repeats: true,
    },
  ],
  examples: ['agent run --state /var/lib/steadfleet', 'agent run --state ./device-1 --json'],
  run: call =>
    runAgent(call, ['run', ...listOption(call, 'require').flatMap(one => ['--require', one])]),
}

/** `steadfleet agent join TOKEN` */
export const agentJoin: CommandSpec = {
  name: 'agent join',
  takes: [{ name: '<token>', what: 'what `device enrol` printed' }],
  summary: 'Join this machine to a fleet with a one-time token.',
  options: [
    state,
    { flags: '--name <name>', what: 'what people call this device' },
    { flags: '--model <model>', what: 'what kind of device it is' },
  ],
  examples: ['agent join sf1.eyJ… --name bench-7', 'agent join sf1.eyJ… --state ./device-1 --json'],
  run: call => runAgent(call, ['join', argument(call, 0), ...given(call, 'name', 'model')]),
}

/** `steadfleet agent down` */
export const agentDown: CommandSpec = {
  name: 'agent down',
  summary: 'End the apps of a device whose agent does not run; its next run starts them again.',
  options: [state],
  examples: ['agent down --state /var/lib/steadfleet', 'agent down --state ./device-1 --json'],
  run: call => runAgent(call, ['down']),
}

async function runAgent(call: Call, words: readonly string[]): Promise<void> {
  const json = call.output.json ? ['--json'] : []
  const command = [process.execPath, programs.agent, ...words, ...given(call, 'state'), ...json]
  const end = await runInForeground(command, call.world.interrupted)
  refuseFailure('the agent', end, call.world.interrupted.aborted)
}

function given(call: Call, ...names: readonly string[]): string[] {
  return names.flatMap(name => {
    const value = textOption(call, name)
    return value === undefined ? [] : [`--${name}`, value]
  })
}
