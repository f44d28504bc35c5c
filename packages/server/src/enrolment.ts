import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { digestOf, toBase64Url, toCanonical } from '@steadfleet/base'
import { ifThere } from './disk/durable.ts'
import type { House } from './house.ts'
import { factNamed } from './store/people-store.ts'

/** The text of an enrolment token: where to go, the secret, and the digests of the first roots. */
export async function enrolmentToken(
  house: House,
  origin: string,
  secret: string,
): Promise<string> {
  const token = {
    origin,
    secret,
    catalogueRoot: digestOf(await house.firstCatalogueRoot()),
    ownerRoot: house.owner.firstRoot,
    log: await factNamed(house.store.db, 'log'),
  }
  return `sf1.${toBase64Url(toCanonical(token))}`
}

/** Where the one-file agent and its runtime are kept on a machine that joins by the line below. */
const target = '/usr/local/lib/steadfleet'

/**
 * The line to paste on a machine that joins. It fetches the agent, and the runtime where there is no
 * Node of version 26 or above, checks each by its SHA-256 before anything of it runs, and joins.
 */
export async function enrolmentCommand(
  house: House,
  origin: string,
  token: string,
): Promise<string> {
  const agent = await hexDigest(house.files.agent)
  const node = await hexDigest(house.files.node)
  const get = (file: string, to: string, digest: string): string =>
    `curl -fsS ${origin}/v1/agent/${file} -o ${to} && echo '${digest}  ${to}' | sha256sum -c --quiet`
  const needsNode = `node -e 'process.exit(+process.versions.node.split(".")[0]<26)' 2>/dev/null`
  const runtime = `${target}/node`
  return [
    `mkdir -p ${target}`,
    get('steadfleet-agent.mjs', `${target}/agent.mjs`, agent),
    `{ ${needsNode} && ln -sf "$(command -v node)" ${runtime} || { ${get('node-linux-x64', runtime, node)} && chmod 755 ${runtime}; }; }`,
    `${runtime} ${target}/agent.mjs join ${token} --state /var/lib/steadfleet`,
  ].join(' && ')
}

/** SHA-256 of a file, or of nothing where it was not built: such a line refuses what it fetches. */
async function hexDigest(path: string): Promise<string> {
  const hash = createHash('sha256')
  const reading = (async () => {
    for await (const chunk of createReadStream(path)) hash.update(chunk)
  })()
  await ifThere(reading)
  return hash.digest('hex')
}
