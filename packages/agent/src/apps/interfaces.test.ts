import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { interfaceNames, interfaces } from '@steadfleet/confine'
import { type InterfaceRequest, parsePackageName } from '@steadfleet/domain'
import { Bench, isRoot, noSandbox, until } from './testing/bench.test.ts'
import { compileProbe } from './testing/probe.test.ts'

/**
 * One interface: its request, what an app tries, and what comes of each try with it and without it. Nodes and
 * folders stand in for what this machine has not; where it has the real thing, that is used and left alone.
 */
interface Row {
  readonly request: InterfaceRequest
  readonly tries: readonly (readonly [word: string, granted: string, refused: string])[]
  readonly nodes?: readonly string[]
  readonly folders?: readonly string[]
  readonly socket?: string
}

const gone = 'ENOENT'
const device = (name: string, path: string, members: object = {}): [string, Row] => [
  name,
  {
    request: { interface: name, ...members },
    tries: [[`write=${path}`, 'done', gone]],
    nodes: [path],
  },
]
const reading = (name: string, path: string, members: object = {}): [string, Row] => [
  name,
  { request: { interface: name, ...members }, tries: [[`read=${path}`, 'done', gone]] },
]
const network = (name: string, members: object): [string, Row] => [
  name,
  {
    request: { interface: name, ...members },
    tries: [
      ['socket=2,1,0', 'done', 'EAFNOSUPPORT'],
      ['socket=10,2,17', 'done', 'EAFNOSUPPORT'],
      ['socket=17,3,0', 'EAFNOSUPPORT', 'EAFNOSUPPORT'],
    ],
  },
]

const own = `steadfleet-${process.pid}`

const rows = new Map<string, Row>([
  network('network', { endpoints: 'anywhere' }),
  network('network-listen', { ports: [{ port: 8080 }] }),
  network('network-lan', { discovery: ['mdns'] }),
  network('dns', { names: ['pool.ntp.org'] }),
  device('camera', '/dev/video61'),
  device('microphone', '/dev/snd/pcmC61D0c'),
  device('audio-playback', '/dev/snd/pcmC61D0p'),
  device('gpu', '/dev/dri/renderD161'),
  device('framebuffer', '/dev/fb61'),
  device('serial-port', '/dev/ttyUSB61', { ports: ['ttyUSB61'] }),
  device('usb', '/dev/bus/usb/061/061', { devices: [{ vendor: '0403', product: '6001' }] }),
  device('i2c', '/dev/i2c-61', { buses: ['61'] }),
  device('spi', '/dev/spidev61.0'),
  device('gpio', '/dev/gpiochip61', { chips: ['61'] }),
  device('modem', '/dev/cdc-wdm61'),
  device('nfc', '/dev/pn544'),
  device('tpm', '/dev/tpmrm61'),
  [
    'joystick',
    {
      request: { interface: 'joystick' },
      tries: [
        ['read=/dev/input/js61', 'done', gone],
        ['write=/dev/input/js61', 'EACCES', gone],
      ],
      nodes: ['/dev/input/js61', '/dev/input/event61'],
    },
  ],
  [
    'time-read',
    {
      request: { interface: 'time-read' },
      tries: [
        ['read=/dev/rtc61', 'done', gone],
        ['write=/dev/rtc61', 'EACCES', gone],
        ['clock-state', 'done', 'EPERM'],
        ['clock-set', 'EPERM', 'EPERM'],
      ],
      nodes: ['/dev/rtc61'],
    },
  ],
  [
    'time-control',
    {
      request: { interface: 'time-control' },
      tries: [
        ['write=/dev/rtc62', 'done', gone],
        ['clock-set', 'done', 'EPERM'],
      ],
      nodes: ['/dev/rtc62'],
    },
  ],
  [
    'display',
    {
      request: { interface: 'display', protocol: 'wayland' },
      tries: [['call=/run/steadfleet/wayland-0', 'done', gone]],
      socket: '/run/wayland-0',
    },
  ],
  [
    'bluetooth',
    {
      request: { interface: 'bluetooth' },
      tries: [
        ['write=/dev/rfcomm61', 'done', gone],
        ['socket=2,1,0', 'EAFNOSUPPORT', 'EAFNOSUPPORT'],
      ],
      nodes: ['/dev/rfcomm61'],
    },
  ],
  [
    'can-bus',
    {
      request: { interface: 'can-bus' },
      // This kernel may have no CAN: that the filter lets it through is the matter of seccomp.test.ts.
      tries: [
        ['socket=2,1,0', 'EAFNOSUPPORT', 'EAFNOSUPPORT'],
        ['read=/sys/class/net', gone, gone],
      ],
    },
  ],
  reading('hardware-observe', '/sys/class/mem'),
  reading('system-observe', '/run/host/os-release'),
  reading('process-observe', '/run/host/proc/1/status'),
  reading('network-observe', '/run/host/net/tcp'),
  [
    'network-control',
    {
      request: { interface: 'network-control' },
      tries: [
        [`alias=${own}`, 'done', 'EAFNOSUPPORT'],
        ['alias=', 'done', 'EAFNOSUPPORT'],
      ],
    },
  ],
  [
    'firewall-control',
    {
      request: { interface: 'firewall-control' },
      tries: [['tables', 'done', 'EAFNOSUPPORT']],
    },
  ],
  ['scheduler', { request: { interface: 'scheduler' }, tries: [['real-time', 'done', 'EPERM']] }],
  [
    'hugepages',
    // None is set aside here: memory is what is missing then, and not the right to it.
    { request: { interface: 'hugepages' }, tries: [['huge', 'done|ENOMEM', 'EPERM']] },
  ],
  [
    'home-files',
    {
      request: { interface: 'home-files' },
      tries: [
        [`read=/home/${own}/kept`, 'done', gone],
        [`make=/home/${own}/new`, 'EROFS', gone],
      ],
      folders: [`/home/${own}`],
    },
  ],
  [
    'removable-media',
    {
      request: { interface: 'removable-media', access: 'write' },
      tries: [
        [`read=/media/${own}/kept`, 'done', gone],
        [`make=/media/${own}/new`, 'done', gone],
      ],
      folders: [`/media/${own}`],
    },
  ],
  [
    'shutdown',
    {
      request: { interface: 'shutdown' },
      tries: [['make=/run/steadfleet/shutdown/restart', 'done', gone]],
    },
  ],
  [
    'content',
    {
      request: {
        interface: 'content',
        offers: [{ name: 'photos', with: ['acme/viewer'] }],
      },
      tries: [['make=/run/steadfleet/content/acme/content/photos/one', 'done', gone]],
    },
  ],
  [
    'service',
    {
      request: { interface: 'service', provides: ['api'] },
      tries: [
        ['serve=/run/steadfleet/service/acme/service/api/socket', 'done', gone],
        ['call=/run/steadfleet/service/acme/service/api/socket', 'done', gone],
      ],
    },
  ],
])

/** Shown by tests of their own, which the table names. */
const elsewhere = ['agent', 'dbus']

test('every interface is in this table, or its row names the test that shows it', () => {
  assert.deepEqual([...rows.keys(), ...elsewhere].sort(), interfaceNames)
  for (const name of elsewhere) {
    const path = join(import.meta.dirname, '../../../..', interfaces[name as 'agent'].test)
    assert.ok(existsSync(path) && !path.endsWith('/interfaces.test.ts'), path)
  }
})

const probe = isRoot ? compileProbe() : undefined
const skip = noSandbox || (isRoot ? !probe && 'needs gcc' : 'needs root')

describe('an interface', { skip, concurrency: 3 }, () => {
  let bench: Bench
  const asked: string[] = []
  const made: string[] = []
  const servers: Server[] = []

  before(async () => {
    bench = await Bench.open({
      power: (request, name) => asked.push(`${name} ${request}`),
      sysfs: join(probe?.folder ?? '', 'sys'),
    })
    bench.addProgram(probe?.program ?? '')
    pretendUsb(join(probe?.folder ?? '', 'sys/dev/char/1:5'))
    for (const row of rows.values()) made.push(...standIn(row, servers))
  })
  after(async () => {
    for (const path of made.reverse()) rmSync(path, { recursive: true, force: true })
    for (const server of servers) server.close()
    await bench[Symbol.asyncDispose]()
    rmSync(probe?.folder ?? '', { recursive: true })
  })

  for (const [name, row] of rows) {
    test(`${name} opens what it says when it is granted, and nothing once it is revoked`, async () => {
      const words = row.tries.map(([word]) => word)
      const said = async (opened: readonly InterfaceRequest[]) => {
        const from = bench.lines.length
        const spec = bench.spec('main', { command: ['bin/probe', ...words, 'stay'] })
        await bench.apps.start({
          ...spec,
          package: nameOf(name),
          data: dataOf(bench, name),
          opened,
        })
        const lines = () =>
          bench.lines.slice(from).flatMap(line => (line.package === nameOf(name) ? line.text : []))
        await until(() => lines().length >= words.length)
        return lines()
      }
      const granted = await said([row.request])
      const revoked = await said([])
      await bench.apps.stop(nameOf(name))
      for (const [i, [word, yes, no]] of row.tries.entries()) {
        assert.ok(oneOf(word, yes).includes(granted[i] ?? ''), `granted: ${granted[i]}`)
        assert.ok(oneOf(word, no).includes(revoked[i] ?? ''), `revoked: ${revoked[i]}`)
      }
    })
  }

  test('shutdown is asked for by a file, once, and the device’s own way is taken', async () => {
    await until(() => asked.includes('acme/shutdown restart'))
    assert.deepEqual(asked, ['acme/shutdown restart'])
  })
})

function oneOf(word: string, ends: string): string[] {
  return ends.split('|').map(end => `${word} ${end}`)
}

function nameOf(name: string) {
  return parsePackageName(`acme/${name}`)
}

function dataOf(bench: Bench, name: string): string {
  return join(bench.stateDir, 'data', `acme.${name}`)
}

/** Makes what a row needs and this machine lacks; gives what must be taken away again. */
function standIn({ nodes = [], folders = [], socket }: Row, servers: Server[]): string[] {
  const made: string[] = []
  for (const path of nodes.filter(one => !existsSync(one))) {
    made.push(...makeFolders(dirname(path)))
    execFileSync('mknod', ['-m', '600', path, 'c', '1', '5'])
    made.push(path)
  }
  for (const path of folders) {
    made.push(...makeFolders(path))
    chmodSync(path, 0o777)
    writeFileSync(join(path, 'kept'), 'kept')
  }
  if (socket !== undefined && !existsSync(socket)) {
    servers.push(serve(socket))
    made.push(socket)
  }
  return made
}

/** Open to a group of the device that no app is in. */
function serve(path: string): Server {
  return createServer(connection => connection.end()).listen(path, () => {
    chownSync(path, 0, 61_061)
    chmodSync(path, 0o660)
  })
}

function makeFolders(path: string): string[] {
  if (existsSync(path)) return []
  const above = makeFolders(dirname(path))
  mkdirSync(path)
  return [...above, path]
}

/** The stand-ins are /dev/zero: in this sysfs it is a device of the USB. */
function pretendUsb(folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'idVendor'), '0403\n')
  writeFileSync(join(folder, 'idProduct'), '6001\n')
}
