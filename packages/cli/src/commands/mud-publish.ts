import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { toBase64 } from '@steadfleet/base'
import { parseMud } from '@steadfleet/confine/mud'
import { publishMudFile } from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { openFleet } from '../fleet/open.ts'

/** `steadfleet mud publish FILE` */
export const mudPublish: CommandSpec = {
  name: 'mud publish',
  takes: [{ name: '<file>', what: 'the MUD file of a model, signed' }],
  summary: 'Have the fleet’s server serve the MUD file of a device’s model and revision.',
  options: [{ flags: '--signature <file>', what: 'otherwise the file’s name with .p7s' }],
  examples: ['mud publish box.json', 'mud publish box.json --signature box.p7s --json'],
  async run(call) {
    const path = argument(call, 0)
    const file = await read(call, path)
    const { url } = parseMud(file).file
    const at = placeIn(url)
    const signed = textOption(call, 'signature') ?? path.replace(/(\.json)?$/, '.p7s')
    const signature = await read(call, signed)
    const { client } = await openFleet(call)
    const body = { file: toBase64(file), signature: toBase64(signature) }
    await client.call(publishMudFile, { params: at, body })
    call.output.answer({ url, ...at }, () => `${url} is served`)
  },
}

/** The place that a file says it is at: `…/v1/mud/acme/box/3.json`. */
function placeIn(url: string): { publisher: string; name: string; revision: string } {
  const path = /^\/v1\/mud\/([a-z][a-z0-9-]*)\/([a-z][a-z0-9-]*)\/([1-9]\d*)\.json$/
  const [, publisher, name, revision] = path.exec(new URL(url).pathname) ?? []
  if (publisher && name && revision) return { publisher, name, revision }
  const message = `cannot publish ${url}: no server of ours serves that`
  const hint = 'make it for https://YOUR-SERVER/v1/mud/PUBLISHER/MODEL/REVISION.json'
  throw new CliError('cli/usage', message, { hint })
}

async function read(call: Call, path: string): Promise<Uint8Array> {
  return readFile(resolve(call.world.directory, path)).catch((cause: unknown) => {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new CliError('cli/not-found', `cannot read ${path}: ${why}`, {}, { cause })
  })
}
