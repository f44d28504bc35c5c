import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type Call, type CommandSpec, textOption } from '../command.ts'
import { Stage } from '../demo/stage.ts'
import { type Step, story } from '../demo/story.ts'
import { refuseInterrupted } from '../demo/watch.ts'
import { homeDirectory } from '../fleet/home.ts'
import { openProgress } from '../progress.ts'
import { makeSignInLink } from './sign-in.ts'

/** `steadfleet demo` */
export const demo: CommandSpec = {
  name: 'demo',
  summary: 'Tell the whole story on this machine: a server, three devices, three revisions.',
  options: [{ flags: '--once', what: 'check every point, end, and exit 0 or 1' }],
  examples: ['demo', 'demo --once', 'demo --once --dir /tmp/story --json'],
  async run(call) {
    const directory = homeDirectory(call.world, textOption(call, 'dir'))
    const stage = await Stage.open(directory, call.world)
    try {
      for (const step of story) await tellStep(stage, step, call)
      if (call.options.once !== true) await serveOn(stage, call)
    } finally {
      call.output.note('ending agents, apps, server and network …')
      await stage.close()
      call.output.note(farewell(directory))
    }
  },
}

/** The folder may have been moved away, or removed, while the story ran in it. */
function farewell(directory: string): string {
  return existsSync(directory)
    ? 'nothing is left behind but the data'
    : `nothing is left behind; the data is no longer in ${directory}`
}

async function tellStep(stage: Stage, { title, tell }: Step, call: Call): Promise<void> {
  refuseInterrupted(call.world.interrupted)
  const began = +call.world.now()
  const progress = openProgress(call.world.err, call.output.json, () => +call.world.now())
  const seen = await progress.task(
    title,
    say => tell(stage, say),
    line => line,
  )
  if (call.output.json) {
    call.output.line({ step: title, seen, milliseconds: +call.world.now() - began }, '')
  }
  if (tell === story[1]?.tell) await showLink(stage, call)
}

async function showLink(stage: Stage, call: Call): Promise<void> {
  const { url } = await makeSignInLink(stage.fleet)
  call.output.note(`  dashboard, signs you in once: ${url}`)
}

/** Everything runs until Ctrl-C; the fleet is there to be tried. */
async function serveOn(stage: Stage, call: Call): Promise<void> {
  const { interrupted } = call.world
  const { url } = await makeSignInLink(stage.fleet)
  const usual = homeDirectory({ ...call.world, environment: {} }, undefined)
  const { directory } = stage.scene
  const inFolder = directory === usual ? '' : ` --dir ${directory}`
  const lines = [
    `dashboard  ${url}`,
    ...stage.actors.map(({ name, url: app }) => `${name}  ${app}`),
    `try        npx steadfleet device list${inFolder}`,
    `           npx steadfleet try examples/greenhouse ${stage.actors[0]?.name}${inFolder}`,
    'Ctrl-C ends everything; npm start goes on from here',
  ]
  call.output.line({ serving: true, dashboard: url, devices: stage.actors }, lines.join('\n'))
  if (interrupted.aborted) return
  await Promise.race([once(interrupted, 'abort'), stage.watchProcesses()])
}
