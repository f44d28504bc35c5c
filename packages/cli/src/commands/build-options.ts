import { join, resolve } from 'node:path'
import { type Call, type OptionSpec, textOption } from '../command.ts'
import type { BuildChoices } from '../publish/build.ts'

/** What `pack` and `publish` both take about a build. */
export const buildOptions: readonly OptionSpec[] = [
  { flags: '--locked', what: 'refuse every input that is not what steadfleet.lock says' },
  { flags: '--strict', what: 'refuse what hygiene finds and the manifest does not accept' },
  { flags: '--archive <dir>', what: 'keep the inputs here; in the folder of the fleet otherwise' },
  { flags: '--no-archive', what: 'keep no inputs' },
  { flags: '--with-inputs', what: 'the inputs go along, so that a stranger can repeat the build' },
  { flags: '--builder-key <file>', what: 'sign the provenance with this key, as in CI' },
  { flags: '--builder-id <uri>', what: 'the builder that the provenance names' },
]

/** How a call wants its build done. */
export function buildChoices(call: Call, home: string): BuildChoices {
  const inDirectory = (path: string): string => resolve(call.world.directory, path)
  const archive = textOption(call, 'archive')
  const [id, key] = [textOption(call, 'builderId'), textOption(call, 'builderKey')]
  const isKept = call.options.archive !== false
  return {
    isLocked: call.options.locked === true,
    ...(call.options.strict === true && { isStrict: true }),
    hasInputs: call.options.withInputs === true,
    ...(isKept && {
      archive: archive === undefined ? join(home, 'archive') : inDirectory(archive),
    }),
    builder: {
      ...(id !== undefined && { id }),
      ...(key !== undefined && { key: inDirectory(key) }),
    },
  }
}
