import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { CodedError, isCoded } from '@steadfleet/base'
import {
  compileMud,
  diffMud,
  type MudReading,
  type MudRow,
  parseMud,
  readMud,
  toMudPicture,
  toMudRows,
  toMudSvg,
} from '@steadfleet/confine/mud'
import { argument, type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { checkSignature } from '../mud/openssl.ts'
import { toTable } from '../output.ts'
import { mudLearn, mudMake, mudSign } from './mud-make.ts'
import { mudPublish } from './mud-publish.ts'

const file = { name: '<file>', what: 'a MUD file' }

/** `steadfleet mud check FILE` */
const mudCheck: CommandSpec = {
  name: 'mud check',
  takes: [file],
  summary: 'Check a MUD file against RFC 8520, and say all that is wrong with it.',
  options: [
    { flags: '--tolerant', what: 'take what is usual in the wild, and say what was odd' },
    { flags: '--signature <file>', what: 'its signature, detached CMS in DER (.p7s)' },
    { flags: '--signers <file>', what: 'certificates, in PEM, of those who may sign it' },
  ],
  examples: [
    'mud check lamp.json',
    'mud check lamp.json --signature lamp.p7s --signers maker.pem',
    'mud check lamp.json --tolerant --json',
  ],
  async run(call) {
    const reading = await read(call, 0, call.options.tolerant === true ? readMud : parseMud)
    const { file: checked, notes } = reading
    const isSigned = await checkSigned(call)
    const rules = checked.fromDevice.length + checked.toDevice.length
    const told = notes.map(one => ({ ...one }))
    const facts = { url: checked.url, rules, notes: told, ...(isSigned && { signed: true }) }
    call.output.answer(facts, () =>
      [`${checked.url}: ${rules} rules${isSigned ? ', signed' : ''}`, ...noted(reading)].join('\n'),
    )
  },
}

/** `steadfleet mud show FILE` */
const mudShow: CommandSpec = {
  name: 'mud show',
  takes: [file],
  summary: 'Show who may talk to whom by a MUD file, as a table or as a picture.',
  options: [
    { flags: '--picture', what: 'as a Mermaid flow chart' },
    { flags: '--svg', what: 'as a picture in SVG' },
  ],
  examples: ['mud show lamp.json', 'mud show lamp.json --svg', 'mud show lamp.json --json'],
  async run(call) {
    const { file: shown } = await read(call, 0, readMud)
    const rows = toMudRows(shown)
    const picture = toMudPicture(shown)
    const svg = toMudSvg(shown)
    const facts = { url: shown.url, rows: rows.map(row => ({ ...row })), picture, svg }
    call.output.answer(facts, () => {
      if (call.options.svg === true) return svg.trimEnd()
      return call.options.picture === true ? picture.trimEnd() : tableOf(rows)
    })
  },
}

/** `steadfleet mud diff OLD NEW` */
const mudDiff: CommandSpec = {
  name: 'mud diff',
  takes: [
    { name: '<old>', what: 'a MUD file' },
    { name: '<new>', what: 'the one that comes after it' },
  ],
  summary: 'Say what a MUD file allows that another one does not.',
  examples: ['mud diff lamp-1.json lamp-2.json', 'mud diff lamp-1.json lamp-2.json --json'],
  async run(call) {
    const [old, next] = [await read(call, 0, readMud), await read(call, 1, readMud)]
    const { about, added, removed } = diffMud(old.file, next.file)
    const plain = <T extends object>(rows: readonly T[]) => rows.map(row => ({ ...row }))
    const facts = { about: plain(about), added: plain(added), removed: plain(removed) }
    call.output.answer(facts, () => {
      const lines = [
        ...about.map(({ what, before, after }) => `  ${what}: ${before || '–'} → ${after || '–'}`),
        ...removed.map(row => `- ${lineOf(row)}`),
        ...added.map(row => `+ ${lineOf(row)}`),
      ]
      return lines.length === 0 ? 'both allow the same' : lines.join('\n')
    })
  },
}

/** `steadfleet mud compile FILE` */
const mudCompile: CommandSpec = {
  name: 'mud compile',
  takes: [file],
  summary: 'Compile a MUD file into rules of nftables for one device of a network.',
  options: [
    { flags: '--mac <mac>', what: 'the device’s, as 02:00:00:00:00:01' },
    { flags: '--address <address>', what: 'an address that it has now', repeats: true },
    { flags: '--local <network>', what: 'a network that counts as local', repeats: true },
    {
      flags: '--peer <who=address>',
      what: 'who is meant by a class, a maker or a model, as “controller urn:…=10.0.0.1”',
      repeats: true,
    },
  ],
  examples: [
    'mud compile lamp.json --mac 02:00:00:00:00:01 --address 192.168.1.50 --local 192.168.1.0/24',
    'mud compile lamp.json --mac 02:00:00:00:00:01 --json',
  ],
  async run(call) {
    const { file: checked } = await read(call, 0, readMud)
    const { script, hosts, notes, table } = compileMud(checked, {
      mac: macOf(textOption(call, 'mac')),
      addresses: listOption(call, 'address').map(one => addressOf(one, '--address')),
      localNetworks: listOption(call, 'local').map(one => networkOf(one)),
      peers: peersOf(listOption(call, 'peer')),
    })
    for (const { path, message } of notes) call.output.note(`${path}: ${message}`)
    for (const [host, { ipv4, ipv6 }] of hosts)
      call.output.note(`${host}: fill the sets ${ipv4} and ${ipv6} with its addresses`)
    call.output.answer({ script, table, hosts: Object.fromEntries(hosts) }, () => script.trimEnd())
  },
}

export const mudCommands: readonly CommandSpec[] = [
  mudCheck,
  mudShow,
  mudDiff,
  mudCompile,
  mudMake,
  mudSign,
  mudPublish,
  mudLearn,
]

/** Whether the file is signed as it must be; nothing is checked where nobody asked. */
async function checkSigned(call: Call): Promise<boolean> {
  const [signature, signers] = [textOption(call, 'signature'), textOption(call, 'signers')]
  if (signature === undefined && signers === undefined) return false
  if (signature === undefined || signers === undefined)
    throw usage('--signature and --signers go together')
  const at = (path: string) => resolve(call.world.directory, path)
  const paths = { file: at(argument(call, 0)), signature: at(signature) }
  await checkSignature(paths, at(signers), call.world.now())
  return true
}

async function read(
  call: Call,
  at: number,
  by: (bytes: Uint8Array) => MudReading,
): Promise<MudReading> {
  const path = argument(call, at)
  const bytes = await readFile(resolve(call.world.directory, path)).catch((error: unknown) => {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new CliError('cli/not-found', `cannot read ${path}: ${why}`)
  })
  try {
    return by(bytes)
  } catch (error) {
    if (error instanceof CodedError && isCoded(error, 'confine/mud')) sayFaults(call, error)
    throw error
  }
}

/** All of them, a line each: the error itself names the first few. */
function sayFaults(call: Call, { details }: CodedError): void {
  const faults = Array.isArray(details.faults) ? details.faults : []
  for (const fault of faults) call.output.note(`  ${fault}`)
}

function noted({ notes }: MudReading): string[] {
  return notes.map(({ path, message }) => `  ${path}: ${message}`)
}

function tableOf(rows: readonly MudRow[]): string {
  const lines = rows.map(({ direction, peer, protocol, ports, opens, action }) => [
    direction,
    peer,
    protocol,
    ports,
    opens,
    action,
  ])
  const head = ['way', 'other end', 'protocol', 'ports', 'opened by', '']
  return toTable(head, lines, 'it allows nothing')
}

function lineOf({ direction, peer, protocol, ports, opens, action }: MudRow): string {
  const way = direction === 'out' ? 'to' : 'from'
  return `${action} ${way} ${peer}: ${protocol} ${ports}, opened by ${opens}`
}

function macOf(typed: string | undefined): string {
  if (typed && /^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$/.test(typed)) return typed.toLowerCase()
  throw usage(`--mac ${typed ?? 'is missing: it'} is no MAC address, as 02:00:00:00:00:01`)
}

function addressOf(typed: string, option: string): string {
  if (isIP(typed) !== 0 && !typed.includes('%')) return typed
  throw usage(`${option} ${typed} is no address`)
}

function networkOf(typed: string): string {
  const [address = '', bits, ...rest] = typed.split('/')
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address) as 0 | 4 | 6]
  const isBits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)
  if (isIP(address) !== 0 && isBits && rest.length === 0 && !address.includes('%')) return typed
  throw usage(`--local ${typed} is no network, as 192.168.1.0/24`)
}

function peersOf(typed: readonly string[]): Map<string, string[]> {
  const peers = new Map<string, string[]>()
  for (const one of typed) {
    const at = one.lastIndexOf('=')
    const address = addressOf(one.slice(at + 1), '--peer')
    const key = one.slice(0, Math.max(0, at))
    if (key === '') throw usage(`--peer ${one} names nobody`)
    peers.set(key, [...(peers.get(key) ?? []), address])
  }
  return peers
}

function usage(fact: string): CliError {
  return new CliError('cli/usage', `cannot understand the command: ${fact}`)
}
