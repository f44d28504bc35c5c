/**
 * The least of the D-Bus protocol: says hello, takes a name, and answers every call with an empty return.
 * D-Bus specification, "Message Protocol". Usage: node bus-name.mjs SOCKET NAME MECHANISM
 */
import { connect } from 'node:net'

const [path, name, mechanism] = process.argv.slice(2)
const bus = 'org.freedesktop.DBus'
let serial = 0

const pad = (length, to) => Buffer.alloc((to - (length % to)) % to)

function number(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function string(text) {
  return Buffer.concat([number(Buffer.byteLength(text)), Buffer.from(`${text}\0`)])
}

const encode = {
  g: text => Buffer.concat([Buffer.from([text.length]), Buffer.from(`${text}\0`)]),
  o: string,
  s: string,
  u: number,
}

/** `fields`: code, type and value of each. */
function message(type, fields, body = Buffer.alloc(0)) {
  let array = Buffer.alloc(0)
  for (const [code, kind, value] of fields) {
    const head = Buffer.from([code, 1, kind.charCodeAt(0), 0])
    array = Buffer.concat([array, pad(array.length, 8), head, encode[kind](value)])
  }
  serial += 1
  const head = Buffer.from([0x6c, type, 0, 1])
  const whole = Buffer.concat([
    head,
    number(body.length),
    number(serial),
    number(array.length),
    array,
  ])
  return Buffer.concat([whole, pad(whole.length, 8), body])
}

function call(member, signature, body) {
  const fields = [
    [1, 'o', '/'],
    [2, 's', bus],
    [3, 's', member],
    [6, 's', bus],
  ]
  return message(1, signature ? [...fields, [8, 'g', signature]] : fields, body)
}

const own = string(name)
const begin = Buffer.concat([
  Buffer.from('BEGIN\r\n'),
  call('Hello'),
  call('RequestName', 'su', Buffer.concat([own, pad(own.length, 4), number(0)])),
])

const link = connect(path)
link.on('error', () => process.exit(0))
link.write(`\0AUTH ${mechanism}\r\n`)
link.once('data', () => {
  link.write(begin)
  let held = Buffer.alloc(0)
  link.on('data', bytes => {
    held = answer(Buffer.concat([held, bytes]))
  })
})

/** Answers every whole call; gives what is left over. */
function answer(held) {
  if (held.length < 16) return held
  const fields = 16 + held.readUInt32LE(12)
  const start = fields + pad(fields, 8).length
  const length = start + held.readUInt32LE(4)
  if (held.length < length) return held
  const sender = /:1\.\d+/.exec(held.subarray(16, start).toString('latin1'))?.[0]
  if (held[1] === 1 && sender) {
    const back = [
      [5, 'u', held.readUInt32LE(8)],
      [6, 's', sender],
    ]
    link.write(message(2, back))
  }
  return answer(held.subarray(length))
}
