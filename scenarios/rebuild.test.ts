import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { freePort } from './stage.ts'

const main = resolve('packages/cli/src/main.ts')
const greenhouse = resolve('examples/greenhouse')
const unusable = ['/usr/bin/dpkg-deb', '/usr/bin/apt-get'].find(program => !existsSync(program))

/** The example with Debian packages, an npm package and folders of its own, published once. */
describe('a stranger with one file', { skip: unusable && `needs ${unusable}` }, () => {
  let scratch = ''
  let root = ''
  let log = ''
  const inScratch = (name: string) => join(scratch, name)
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'steadfleet-stranger-'))
    const server = `http://127.0.0.1:${await freePort()}`
    type('init', inScratch('fleet'), '--unencrypted', '--server', server)
    const served = await serve(inScratch('fleet'))
    try {
      const fleet = ['--dir', inScratch('fleet')]
      type('publish', greenhouse, ...fleet)
      const told = type('verify', 'acme/greenhouse@1', '--export', inScratch('one.json'), ...fleet)
      ;({ root, log } = told.answer as { root: string; log: string })
    } finally {
      served.kill('SIGTERM')
      await once(served, 'exit')
    }
  })
  after(() => rmSync(scratch, { recursive: true, force: true }))

  /** In an empty folder, without apt and, where we may, without any network. */
  const elsewhere = (file: string, ...words: string[]): Ran => {
    const folder = mkdtempSync(inScratch('elsewhere-'))
    return attempt(['verify', file, '--root', root, '--log', log, ...words], folder, bare(scratch))
  }

  test('verifies the whole chain, in an empty folder and without a network', () => {
    const { exit, answer } = elsewhere(inScratch('one.json'))
    assert.equal(exit, 0)
    assert.equal(answer.verified, true)
  })

  test('rebuilds it from sources, lock and mirror', t => {
    const words = ['--root', root, '--rebuild', '--sources', greenhouse]
    const { exit, answer } = attempt(['verify', inScratch('one.json'), ...words])
    if (answer.code === 'debian/unreachable') return t.skip('Debian’s mirror is out of reach')
    assert.equal(exit, 0, JSON.stringify(answer))
    assert.equal(linksOf(answer).at(-1), 'rebuild')
  })

  test('rebuilds it from archived inputs alone, where there is no apt', () => {
    const archive = ['--rebuild', '--archive', inScratch('fleet/archive')]
    const { exit, answer } = elsewhere(inScratch('one.json'), ...archive)
    assert.equal(exit, 0, JSON.stringify(answer))
    assert.equal(linksOf(answer).at(-1), 'rebuild')
  })

  test('is told which input an archive lacks', () => {
    mkdirSync(inScratch('empty'))
    const { exit, answer } = elsewhere(
      inScratch('one.json'),
      '--rebuild',
      '--archive',
      inScratch('empty'),
    )
    assert.deepEqual([exit, answer.broken], [1, 'rebuild'])
    assert.match(String(answer.code), /^(debian|pack)\//)
  })

  const tampered: [
    what: string,
    change: (file: EvidenceFile) => void,
    exit: number,
    broken: string,
  ][] = [
    ['root', file => flip(file.catalogue, '1.root.json'), 4, 'catalogue'],
    ['publisher’s role', file => flip(file.catalogue, '2.acme.json'), 4, 'catalogue'],
    ['release record', file => flipObject(file, '"type":"release"'), 4, 'record'],
    ['tree', file => flipObject(file, '"type":"tree"'), 4, 'tree'],
    ['SBOM', file => flipObject(file, '"bomFormat"'), 4, 'SBOM'],
    ['provenance', file => flipObject(file, '"payloadType"'), 6, 'provenance'],
    ['lock', file => flipObject(file, '"type":"lock"'), 6, 'inputs'],
    ['log', file => delete file.log, 5, 'log'],
  ]
  for (const [what, change, exit, broken] of tampered) {
    test(`is told that the ${what} does not hold`, () => {
      const file = JSON.parse(readFileSync(inScratch('one.json'), 'utf8'))
      change(file)
      writeFileSync(inScratch('changed.json'), JSON.stringify(file))
      const ran = elsewhere(inScratch('changed.json'))
      assert.deepEqual([ran.exit, ran.answer.broken], [exit, broken])
    })
  }
})

interface EvidenceFile {
  readonly catalogue: Record<string, string>
  readonly objects: Record<string, string>
  log?: object
}

interface Ran {
  readonly exit: number | null
  readonly answer: Readonly<Record<string, unknown>>
}

/** Runs the command line; `around` is what it is started by, and all of its environment. */
function attempt(words: readonly string[], cwd = '.', around?: Around): Ran {
  const { env, prefix } = around ?? { env: process.env, prefix: [] }
  const [program = '', ...rest] = [...prefix, process.execPath, main, ...words, '--json']
  const { status, stdout, stderr } = spawnSync(program, rest, { cwd, env, encoding: 'utf8' })
  const text = stdout.trim() || stderr.trim().split('\n').at(-1) || '{}'
  return { exit: status, answer: JSON.parse(text) }
}

function type(...words: string[]): Ran {
  const ran = attempt(words)
  assert.equal(ran.exit, 0, JSON.stringify(ran.answer))
  return ran
}

interface Around {
  readonly env: NodeJS.ProcessEnv
  readonly prefix: readonly string[]
}

/** No apt in PATH, and as root a network namespace in which nothing is. */
function bare(scratch: string): Around {
  const bin = join(scratch, 'bin')
  if (!existsSync(bin)) {
    mkdirSync(bin)
    for (const name of ['env', 'dpkg-deb']) symlinkSync(`/usr/bin/${name}`, join(bin, name))
  }
  assert.deepEqual(readdirSync(bin).sort(), ['dpkg-deb', 'env'])
  const mayUnshare = process.getuid?.() === 0 && existsSync('/usr/bin/unshare')
  return { env: { PATH: bin }, prefix: mayUnshare ? ['/usr/bin/unshare', '--net'] : [] }
}

async function serve(home: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [main, 'serve', '--dir', home], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { promise, resolve: ready, reject } = Promise.withResolvers<void>()
  let said = ''
  const hear = (text: Buffer): void => {
    said += text
    if (said.includes('ready')) ready()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  child.once('exit', code => reject(new Error(`the server ended with ${code}: ${said}`)))
  await promise
  return child
}

function linksOf({ links }: Ran['answer']): unknown[] {
  return (links as { link: string }[]).map(({ link }) => link)
}

/** Changes one bit of a file's middle. */
function flip(files: Record<string, string>, name: string): void {
  const bytes = Buffer.from(files[name] ?? '', 'base64')
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  files[name] = bytes.toString('base64')
}

function flipObject({ objects }: EvidenceFile, mark: string): void {
  const named = Object.entries(objects).find(([, text]) =>
    Buffer.from(text, 'base64').includes(mark),
  )
  assert.ok(named, `no object holds ${mark}`)
  flip(objects, named[0])
}
