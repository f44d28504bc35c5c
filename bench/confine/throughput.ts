import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { openApps } from '../../packages/agent/src/apps/index.ts'
import { type Benchmark, round } from '../figure.ts'
import { Ground } from './ground.ts'

const seconds = 3

/** Listens at the first argument's port, and pours zeroes into whoever connects. */
const pour = `require('node:net').createServer(s => {
  const zeroes = Buffer.alloc(1 << 20)
  const more = () => { while (s.write(zeroes)); }
  s.on('drain', more).on('error', () => s.destroy()); more()
}).listen(Number(process.argv[1]), '::', () => console.log('open'))`

/** Reads for some seconds what comes, and says how many bytes that was. */
const read = `const s = require('node:net').connect(Number(process.argv[1]), process.argv[2]); let bytes = 0
s.on('data', piece => { bytes += piece.length })
setTimeout(() => { console.log(bytes); process.exit(0) }, ${seconds * 1000})`

/** Bytes a second out of a package's network, through its link and its firewall, beside the host's loopback. */
export const networkThroughput: Benchmark = {
  name: 'network-throughput',
  what: 'bytes out of the network of a package, against the loopback of the device',
  async run() {
    const facts = { seconds }
    const own = await hostThroughput()
    const confined = await packageThroughput()
    const share = (confined / own) * 100
    return [
      { name: 'loopback of the host', value: round(own), unit: 'MB/s', facts },
      { name: 'out of a package', value: round(confined), unit: 'MB/s', facts },
      { name: 'share of the host', value: round(share), unit: '%', facts },
    ]
  },
}

async function hostThroughput(): Promise<number> {
  const port = await freePort()
  const child = spawn(process.execPath, ['-e', pour, `${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    return measure(port)
  } finally {
    child.kill('SIGKILL')
  }
}

async function packageThroughput(): Promise<number> {
  using ground = await Ground.lay(process.execPath)
  const port = await freePort()
  const apps = await openApps({ stateDir: ground.stateDir })
  // Where it lies here may be a folder that a sandbox has for itself.
  mkdirSync(join(ground.tree, 'bin'), { recursive: true })
  copyFileSync(process.execPath, join(ground.tree, 'bin/node'))
  const libraries = execFileSync('ldd', [process.execPath], { encoding: 'utf8' })
  for (const [, path = ''] of libraries.matchAll(/=> (\/\S+)/g)) {
    mkdirSync(dirname(join(ground.tree, path)), { recursive: true })
    copyFileSync(path, join(ground.tree, path))
  }
  const declaration = {
    command: ['bin/node', '-e', pour, `${port}`],
    health: { tcp: { port } },
  }
  const opened = [{ interface: 'network-listen', ports: [{ port }] }]
  const spec = ground.spec('pour', declaration, opened)
  try {
    await apps.start(spec)
    for (let turn = 0; turn < 100 && !(await apps.health(spec.package)).ok; turn += 1) {
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    return measure(port)
  } finally {
    await apps.stop(spec.package)
    await apps.close()
  }
}

function measure(port: number): number {
  const words = ['-e', read, `${port}`, '127.0.0.1']
  const said = execFileSync(process.execPath, words, { encoding: 'utf8' })
  return Number(said) / seconds / 1e6
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}
