import { learnNeeds } from '@steadfleet/confine/capture'
import { parseDnsMessage, toDnsQuery } from '@steadfleet/confine/dns'
import { parseMud, toMud } from '@steadfleet/confine/mud'
import { type FuzzTarget, holds } from '../target.ts'

const device = '02:00:00:00:00:01'
const frame = Buffer.from(
  `02ff000000ff${device.replaceAll(':', '')}0800${'4500003c00004000400600000a0000020a000001'}9c4001bb${'00'.repeat(8)}5002${'00'.repeat(6)}`,
  'hex',
)
const word = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer)
const pcap = Buffer.concat([
  word(0xa1b2c3d4, 0x00040002, 0, 0, 65_535, 1),
  word(0, 0, frame.length, frame.length),
  frame,
])
const room = Math.ceil(frame.length / 4) * 4
const pcapng = Buffer.concat([
  word(0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28),
  word(1, 20, 1, 65_535, 20),
  word(6, 32 + room, 0, 0, 0, frame.length, frame.length),
  frame,
  Buffer.alloc(room - frame.length),
  word(32 + room),
])

/** Readers of captures, and the files that are proposed from what they took. */
export const captureTarget: FuzzTarget = {
  name: 'confine-capture',
  format: 'capture',
  codes: ['confine/capture', 'confine/mud'],
  seeds: () => [pcap, pcapng],
  read: bytes => {
    const { needs } = learnNeeds(bytes, device)
    const lastUpdate = new Date(0)
    const about = { systeminfo: 'fuzz' }
    const url = 'https://fuzz.example/fuzz.json'
    const { notes } = parseMud(toMud(needs, { url, lastUpdate, isSupported: true, about }))
    holds(notes.length === 0, 'a proposed file is as the RFC has it')
  },
}

/** The reader of DNS messages. */
export const dnsTarget: FuzzTarget = {
  name: 'confine-dns',
  format: 'dns',
  codes: ['confine/dns'],
  seeds: () => [toDnsQuery(7, { name: 'cloud.example.com', type: 1 })],
  read: bytes => {
    const { questions } = parseDnsMessage(bytes)
    holds(
      questions.every(({ name }) => /^[a-z0-9_.\\-]*$/.test(name)),
      'a name of harmless characters',
    )
  },
}
