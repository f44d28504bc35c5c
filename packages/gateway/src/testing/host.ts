import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

/** A machine of the laboratory: it does what it is told by lines of JSON, in the network it was started in. */
const deeds: Readonly<Record<string, (order: Order) => Promise<unknown>>> = {
  run,
  serve,
  reach,
  shout,
  heard,
  dns,
  ask,
}

interface Order {
  readonly deed: string
  readonly words?: readonly string[]
  readonly input?: string
  readonly host?: string
  readonly port?: number
  /** The address that it is reached from. */
  readonly local?: string
  readonly count?: number
  readonly within?: number
  readonly protocol?: 'tcp' | 'udp'
  readonly send?: readonly string[]
  readonly names?: Readonly<Record<string, readonly string[]>>
  readonly ttl?: number
}

const got = { connections: 0, packets: 0, texts: [] as string[] }
let names: Readonly<Record<string, readonly string[]>> = {}
let ttl = 30
let answers = false

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order & { readonly id: number }
  const reply = (answer: object) =>
    process.stdout.write(`${JSON.stringify({ id: order.id, ...answer })}\n`)
  deeds[order.deed]?.(order).then(
    value => reply({ value }),
    error => reply({ error: String(error) }),
  )
}
process.exit(0)

function run({ words: [program = '', ...words] = [], input = '' }: Order): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, words, (error, out, said) =>
      error ? reject(new Error(`${program} ${words.join(' ')}: ${said}`)) : resolve(out),
    )
    child.stdin?.on('error', () => undefined).end(input)
  })
}

/** Listens, answers what it gets with what it got, and remembers that it got it. */
function serve({ port = 0, protocol = 'tcp' }: Order): Promise<void> {
  if (protocol === 'udp') {
    const socket = createSocket({ type: 'udp6', reuseAddr: true })
    socket.on('message', (bytes, from) => {
      got.packets += 1
      socket.send(bytes, from.port, from.address, () => undefined)
    })
    return new Promise((resolve, reject) =>
      socket.once('error', reject).bind(port, '::', () => resolve()),
    )
  }
  const server = createServer(socket => {
    got.connections += 1
    socket
      .on('error', () => socket.destroy())
      .on('data', bytes => {
        if (got.texts.length < 200) got.texts.push(bytes.toString())
        socket.write(bytes)
      })
  })
  return new Promise((resolve, reject) =>
    server.once('error', reject).listen(port, '::', () => resolve()),
  )
}

/** Whether a word comes back from a host and port. */
function reach({ host = '', port = 0, protocol = 'tcp', within = 700, local, send }: Order) {
  const text = send?.join('\n') ?? 'hello'
  return protocol === 'tcp'
    ? reachTcp(host, port, within, text, local)
    : reachUdp(host, port, within, text)
}

function reachTcp(
  host: string,
  port: number,
  within: number,
  text: string,
  local: string | undefined,
): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port, ...(local && { localAddress: local }) })
    const end = (isReached: boolean): void => {
      clearTimeout(late)
      socket.destroy()
      resolve(isReached)
    }
    const late = setTimeout(() => end(false), within)
    socket
      .on('connect', () => socket.write(text))
      .on('data', () => end(true))
      .on('error', () => end(false))
  })
}

function reachUdp(host: string, port: number, within: number, text: string) {
  return new Promise<boolean>(resolve => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    const end = (isReached: boolean): void => {
      clearTimeout(late)
      socket.close()
      resolve(isReached)
    }
    const late = setTimeout(() => end(false), within)
    socket.on('error', () => end(false)).on('message', () => end(true))
    socket.bind(0, () => socket.send(text, port, host, error => error && end(false)))
  })
}

/** What the machine’s router says that a name means. */
async function ask({ host = '' }: Order): Promise<readonly string[] | string> {
  const resolver = new Resolver({ timeout: 4000, tries: 2 })
  resolver.setServers(['192.168.77.1'])
  return resolver.resolve4(host).catch(error => `${error.code}`.slice(1).toLowerCase())
}

/** Sends so many packets and waits for no answer. */
async function shout({ host = '', port = 0, count = 1 }: Order): Promise<void> {
  const socket = createSocket('udp4')
  for (let i = 0; i < count; i += 1) {
    await new Promise(resolve => socket.send('flood', port, host, resolve))
  }
  socket.close()
}

async function heard(): Promise<typeof got> {
  return got
}

/** A resolver of its own, which knows these names; told again, it knows others. */
async function dns(order: Order): Promise<void> {
  const isFirst = !answers
  answers = true
  names = order.names ?? {}
  ttl = order.ttl ?? ttl
  if (!isFirst) return
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => socket.send(answerTo(query), from.port, from.address))
  await new Promise<void>((resolve, reject) =>
    socket.once('error', reject).bind(53, () => resolve()),
  )
}

function answerTo(query: Buffer): Buffer {
  const labels: string[] = []
  let at = 12
  for (let size = query[at] ?? 0; size > 0; size = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + size))
    at += 1 + size
  }
  const question = query.subarray(12, at + 5)
  const type = query.readUInt16BE(at + 1)
  const known = names[labels.join('.').toLowerCase()]
  const fitting = type === 1 ? (known ?? []) : []
  const records = fitting.map(address =>
    Buffer.from([
      0xc0,
      12,
      0,
      1,
      0,
      1,
      0,
      0,
      ttl >> 8,
      ttl & 255,
      0,
      4,
      ...address.split('.').map(Number),
    ]),
  )
  const head = Buffer.from([0, 0, 0x81, known ? 0x80 : 0x83, 0, 1, 0, records.length, 0, 0, 0, 0])
  query.copy(head, 0, 0, 2)
  return Buffer.concat([head, question, ...records])
}
