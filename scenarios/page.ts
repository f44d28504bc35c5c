import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What a revision of the page has that others do not. */
export interface PageChange {
  /** More files of the tree, by path under `srv`. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** Lines of shell before it serves. */
  readonly script?: string
  readonly probationSeconds?: number
  readonly memoryMb?: number
  /** Whether it is asked each second if it is well; absent: it is. */
  readonly isWatched?: boolean
  /** Whether it declares a secret; agents of before there were any refuse such a release. */
  readonly hasSecret?: boolean
  /** The lowest revision that a device takes after this one. */
  readonly floor?: number
}

/**
 * The whole app: one static program, which reads its port from the settings and serves `srv`. A port
 * in its data comes first: a copy of a device has the settings of the first one. Where it has no network of
 * its own, since its agent is an ordinary user, it stays on the loopback.
 */
const serve = `port=$(cat /data/port || sed -n 's/.*"port":\\([0-9]*\\).*/\\1/p' /settings.json)
[ "$(id -u)" = 1000 ] && at=127.0.0.1: || at=
exec httpd -f -p $at$port -h /srv`

const health = `
    health:
      http: { port: { setting: port }, path: / }
      every-seconds: 1
      timeout-seconds: 5`

/** Writes the folder of a tiny package that serves its own revision over HTTP. */
export function writePage(folder: string, revision: number, change: PageChange = {}): string {
  const {
    files = {},
    script = '',
    probationSeconds = 2,
    memoryMb = 64,
    isWatched = true,
    hasSecret = false,
  } = change
  const served = { 'index.html': `revision ${revision}\n`, ...files }
  for (const [name, content] of Object.entries(served)) {
    mkdirSync(dirname(join(folder, 'srv', name)), { recursive: true })
    writeFileSync(join(folder, 'srv', name), content, { mode: name.endsWith('.x') ? 0o755 : 0o644 })
  }
  const command = JSON.stringify(['bin/busybox', 'sh', '-c', `${script}\n${serve}`])
  writeFileSync(
    join(folder, 'steadfleet.yaml'),
    `name: page
publisher: acme
version: 1.0.${revision}
architectures: [amd64, arm64]
sources:
  - debian: [busybox-static]
    follow: false
    exclude: [usr/share/**, etc/**]
  - directory: srv
    to: srv
apps:
  web:
    command: ${command}
    restart: always
    stop-timeout-seconds: 1${isWatched ? health : ''}
interfaces:
  - interface: network-listen
    reason: serves its page to the test
    ports: [{ port: { setting: port } }]
settings:
  port: { type: integer, default: 8080, minimum: 1, maximum: 65535 }
  greeting: { type: string, default: hi, max-length: 20 }
${hasSecret ? '  token: { type: secret }\n' : ''}limits:
  memory-mb: ${memoryMb}
  processes: 32
probation-seconds: ${probationSeconds}
support-end: 2029-12-31
security-contact: mailto:security@acme.example
`,
  )
  return folder
}

/** What a page says now, or why nobody answers: an answer too, for whoever compares it. */
export async function pageAt(port: number): Promise<string> {
  try {
    const signal = AbortSignal.timeout(30_000)
    return await (await fetch(`http://127.0.0.1:${port}/`, { signal })).text()
  } catch (error) {
    return String(error)
  }
}

/** Why the page can't be packed or run on this machine, if it can't. */
export function whyNoPage(): string | false {
  const tools = ['/usr/bin/apt-get', '/usr/bin/dpkg-deb', '/usr/bin/bwrap']
  const missing = tools.find(tool => !existsSync(tool))
  if (missing) return `${missing} is not on this machine`
  const known = execFileSync('apt-cache', ['madison', 'busybox-static'], { encoding: 'utf8' })
  return known === '' && 'apt knows no busybox-static: run apt-get update'
}
