import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type InterfaceRequest, parsePackageName } from '@steadfleet/domain'
import { Bench, isRoot, noSandbox, until } from '../testing/bench.test.ts'
import { compileProbe } from '../testing/probe.test.ts'
import { numbersOf } from './device-nodes.ts'

const camera = parsePackageName('acme/camera')
const viewer = parsePackageName('acme/viewer')
const thief = parsePackageName('acme/thief')
const photos = '/run/steadfleet/content/acme/camera/photos'
const api = '/run/steadfleet/service/acme/camera/api/socket'

const offers = {
  interface: 'content',
  offers: [{ name: 'photos', with: ['acme/viewer'], access: 'write' }],
}
const takes = (access: string) => ({
  interface: 'content',
  takes: [{ from: 'acme/camera', name: 'photos', access }],
})
const provides = { interface: 'service', provides: ['api'] }
const calls = { interface: 'service', calls: [{ from: 'acme/camera', name: 'api' }] }

test('numbers of a device are read as the C library writes them', () => {
  assert.deepEqual(numbersOf(0x0501), [5, 1])
  assert.deepEqual(numbersOf(0x0010_0501), [5, 0x101])
})

const probe = isRoot ? compileProbe() : undefined
const skip = noSandbox || (isRoot ? !probe && 'needs gcc' : 'needs root')

describe('between packages', { skip }, () => {
  let bench: Bench
  before(async () => {
    bench = await Bench.open()
    bench.addProgram(probe?.program ?? '')
  })
  after(async () => {
    await bench[Symbol.asyncDispose]()
    rmSync(probe?.folder ?? '', { recursive: true })
  })

  const run = async (name: typeof camera, opened: InterfaceRequest[], ...words: string[]) => {
    const from = bench.lines.length
    const spec = bench.spec(
      'main',
      { command: ['bin/probe', ...words, 'stay'] },
      { package: name, opened },
    )
    await bench.apps.start(spec)
    const said = () =>
      bench.lines.slice(from).flatMap(({ package: by, text }) => (by === name ? text : []))
    await until(() => said().length >= words.length)
    return said()
  }

  test('who takes a folder before it is offered gets it when it is', async () => {
    assert.deepEqual(await run(viewer, [takes('read')], `read=${photos}`), [
      `read=${photos} ENOENT`,
    ])
    const from = bench.lines.length
    await run(camera, [offers, provides], `make=${photos}/one`, `serve=${api}`)
    const again = () => bench.lines.slice(from).find(line => line.package === viewer)?.text
    assert.equal(await until(again), `read=${photos} done`)
  })

  test('a folder is read by the package that it is for, and by no other', async () => {
    const words = [`read=${photos}/one`, `make=${photos}/two`]
    const said = await run(viewer, [takes('read')], ...words)
    assert.deepEqual(said, [`${words[0]} done`, `${words[1]} EROFS`])
    assert.deepEqual(await run(thief, [takes('read')], `read=${photos}/one`), [
      `read=${photos}/one ENOENT`,
    ])
  })

  test('a folder that is written by two keeps each one’s files its own', async () => {
    const words = [`make=${photos}/two`, `write=${photos}/one`]
    const said = await run(viewer, [takes('write')], ...words)
    assert.deepEqual(said, [`${words[0]} done`, `${words[1]} EACCES`])
  })

  test('a service is called by who was granted it, and by no other', async () => {
    assert.deepEqual(await run(viewer, [calls], `call=${api}`), [`call=${api} done`])
    assert.deepEqual(await run(viewer, [], `call=${api}`), [`call=${api} ENOENT`])
  })

  for (const [access, outcome] of [
    ['read', 'ENOENT'],
    ['write', 'done'],
  ] as const) {
    test(`a stick that is plugged in later ends in ${outcome} where sticks may be ${access}`, async () => {
      const stick = `/media/steadfleet-${process.pid}`
      const word = `write=${stick}/file`
      execFileSync('mount', ['--bind', '/media', '/media'])
      try {
        execFileSync('mount', ['--make-shared', '/media'])
        mkdirSync(stick)
        const opened = [{ interface: 'removable-media', access }]
        const script = `echo began; until [ -e /data/go ]; do sleep 0.02; done; exec /bin/probe ${word}`
        const spec = bench.shell('stick', script, { restart: 'never' }, { opened })
        const from = bench.lines.length
        const said = (start: string) =>
          until(() => bench.lines.slice(from).find(({ text }) => text.startsWith(start))?.text)
        await bench.apps.start(spec)
        await said('began')
        execFileSync('mount', ['-t', 'tmpfs', 'none', stick])
        writeFileSync(join(stick, 'file'), '')
        chmodSync(join(stick, 'file'), 0o666)
        writeFileSync(join(spec.data, 'go'), '')
        assert.equal(await said('write='), `${word} ${outcome}`)
        await bench.apps.stop(spec.package)
        rmSync(spec.data, { recursive: true })
      } finally {
        spawnSync('umount', [stick])
        rmSync(stick, { recursive: true, force: true })
        execFileSync('umount', ['/media'])
      }
    })
  }

  test('a device that is plugged in comes, and one that is pulled goes', async () => {
    const path = '/dev/video59'
    if (existsSync(path)) return
    const wait = (test: string) => `${test} [ -c ${path} ]; do sleep 0.02; done`
    const script = `echo began; ${wait('until')}; echo came; ${wait('while')}; echo went; exec sleep 600`
    const spec = bench.shell(
      'main',
      script,
      {},
      { package: camera, opened: [{ interface: 'camera' }] },
    )
    const heard = (word: string) => until(() => bench.lines.some(({ text }) => text === word))
    await bench.apps.start(spec)
    await heard('began')
    await bench.reopen()
    await bench.apps.adopt([spec])
    execFileSync('mknod', [path, 'c', '1', '5'])
    try {
      await heard('came')
    } finally {
      rmSync(path)
    }
    await heard('went')
  })
})
