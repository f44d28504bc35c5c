import { readFile, stat, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { digestOf, fromUtf8 } from '@steadfleet/base'
import { learnNeeds } from '@steadfleet/confine/capture'
import { type MudAbout, parseMud, toMud } from '@steadfleet/confine/mud'
import { argument, type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { needsOfAll, packageAt, sbomsOf } from '../mud/needs.ts'
import { signFile } from '../mud/openssl.ts'

const about: Readonly<Record<string, MudAbout>> = {
  about: 'systeminfo',
  maker: 'mfg-name',
  model: 'model-name',
  documentation: 'documentation',
}

/** `steadfleet mud make URL` */
export const mudMake: CommandSpec = {
  name: 'mud make',
  takes: [
    { name: '<url>', what: 'where the file will be, with https: it names the device’s model' },
  ],
  summary: 'Make the MUD file of a device from what its packages declare of the network.',
  options: [
    { flags: '--package <path>', what: 'a folder, a manifest or a bundle', repeats: true },
    { flags: '--out <file>', what: 'write it here, not to the terminal' },
    { flags: '--about <text>', what: 'what the device is, in a few words' },
    { flags: '--maker <text>', what: 'who makes it' },
    { flags: '--model <text>', what: 'its model' },
    { flags: '--documentation <url>', what: 'where it is documented' },
    { flags: '--signature <url>', what: 'where its signature will be' },
    {
      flags: '--sbom <url>',
      what: 'where the SBOM of each package is, in their order',
      repeats: true,
    },
    { flags: '--flaws <url>', what: 'where known flaws are told', repeats: true },
    { flags: '--hours <number>', what: 'how long a copy is good, 1 to 168', otherwise: '48' },
    { flags: '--updated <instant>', what: 'when it was last changed; now otherwise' },
    { flags: '--unsupported', what: 'its maker makes no more updates' },
  ],
  examples: [
    'mud make https://acme.example/mud/acme/box/3.json --package examples/greenhouse --out box.json',
    'mud make https://acme.example/mud/acme/box/3.json --package hub.bundle --package ui.bundle --json',
  ],
  async run(call) {
    const bytes = await makeFile(call)
    const { file } = parseMud(bytes)
    const out = textOption(call, 'out')
    if (out !== undefined) await writeFile(resolve(call.world.directory, out), bytes)
    const rules = file.fromDevice.length + file.toDevice.length
    const facts = { url: file.url, digest: digestOf(bytes), rules, ...(out && { file: out }) }
    call.output.answer(facts, () =>
      out === undefined ? fromUtf8(bytes).trimEnd() : `${out}: ${rules} rules, ${facts.digest}`,
    )
  },
}

async function makeFile(call: Call): Promise<Uint8Array> {
  const paths = listOption(call, 'package')
  if (paths.length === 0) throw usage('--package is missing: say what the device runs')
  const packages = await Promise.all(
    paths.map(path => packageAt(resolve(call.world.directory, path))),
  )
  const signature = textOption(call, 'signature')
  const said = Object.entries(about).flatMap(([option, member]) => {
    const text = textOption(call, option)
    return text === undefined ? [] : [[member, text] as const]
  })
  return toMud(needsOfAll(packages), {
    url: argument(call, 0),
    lastUpdate: instantOf(textOption(call, 'updated')) ?? call.world.now(),
    cacheHours: Number(textOption(call, 'hours') ?? '48'),
    isSupported: call.options.unsupported !== true,
    ...(signature !== undefined && { signature }),
    about: Object.fromEntries(said),
    sboms: sbomsOf(packages, listOption(call, 'sbom')),
    flaws: listOption(call, 'flaws'),
  })
}

function instantOf(typed: string | undefined): Date | undefined {
  if (typed === undefined) return undefined
  const instant = new Date(typed)
  if (Number.isNaN(instant.getTime())) throw usage(`--updated ${typed} is no instant`)
  return instant
}

/** `steadfleet mud sign FILE` */
export const mudSign: CommandSpec = {
  name: 'mud sign',
  takes: [{ name: '<file>', what: 'a MUD file' }],
  summary:
    'Sign a MUD file with its maker’s key: a detached CMS signature beside it (RFC 8520 §13).',
  options: [
    { flags: '--certificate <file>', what: 'the signer’s certificate, PEM' },
    { flags: '--key <file>', what: 'its key, PEM; OpenSSL asks for a passphrase' },
    { flags: '--chain <file>', what: 'certificates between it and the one that readers trust' },
    { flags: '--out <file>', what: 'the signature; otherwise the file’s name with .p7s' },
  ],
  examples: [
    'mud sign box.json --certificate maker.pem --key maker.key',
    'mud sign box.json --certificate maker.pem --key maker.key --out box.p7s --json',
  ],
  async run(call) {
    const at = (path: string) => resolve(call.world.directory, path)
    const [certificate, key] = [textOption(call, 'certificate'), textOption(call, 'key')]
    if (certificate === undefined || key === undefined)
      throw usage('it takes --certificate and --key')
    const file = argument(call, 0)
    const signature = textOption(call, 'out') ?? file.replace(/(\.json)?$/, '.p7s')
    const chain = textOption(call, 'chain')
    await signFile({
      ...{ file: at(file), signature: at(signature), certificate: at(certificate), key: at(key) },
      ...(chain !== undefined && { chain: at(chain) }),
    })
    call.output.answer({ file, signature }, () => `${signature} is the signature of ${file}`)
  },
}

function usage(fact: string): CliError {
  return new CliError('cli/usage', `cannot understand the command: ${fact}`)
}

/** `steadfleet mud learn CAPTURE` */
export const mudLearn: CommandSpec = {
  name: 'mud learn',
  takes: [{ name: '<capture>', what: 'a capture of Ethernet, pcap or pcapng' }],
  summary:
    'Propose the MUD file of a device from a capture of all that it said; a person judges it.',
  options: [
    { flags: '--mac <mac>', what: 'whose: the device’s, as 02:00:00:00:00:01' },
    { flags: '--url <url>', what: 'where the file will be, with https' },
    { flags: '--out <file>', what: 'write it here, not to the terminal' },
    { flags: '--about <text>', what: 'what the device is, in a few words' },
  ],
  examples: [
    'mud learn lamp.pcap --mac 02:00:00:00:00:01 --url https://lamp.example/lamp.json --out lamp.json',
    'mud learn lamp.pcap --mac 02:00:00:00:00:01 --url https://lamp.example/lamp.json --json',
  ],
  async run(call) {
    const [mac, url] = [textOption(call, 'mac'), textOption(call, 'url')]
    if (mac === undefined || url === undefined) throw usage('it takes --mac and --url')
    if (!/^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$/.test(mac)) throw usage(`--mac ${mac} is no MAC`)
    const capture = await readCapture(resolve(call.world.directory, argument(call, 0)))
    const { needs, frames, notes } = learnNeeds(capture, mac.toLowerCase())
    const about =
      textOption(call, 'about') ?? `learned from ${frames} frames of ${mac.toLowerCase()}`
    const lastUpdate = call.world.now()
    const bytes = toMud(needs, { url, lastUpdate, isSupported: true, about: { systeminfo: about } })
    const out = textOption(call, 'out')
    if (out !== undefined) await writeFile(resolve(call.world.directory, out), bytes)
    for (const note of notes) call.output.note(note)
    const facts = { url, frames, notes: [...notes], needs, ...(out && { file: out }) }
    call.output.answer(facts, () =>
      out === undefined ? fromUtf8(bytes).trimEnd() : `${out}: learned from ${frames} frames`,
    )
  },
}

const longestCapture = 512 * 1024 * 1024

async function readCapture(path: string): Promise<Uint8Array> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new CliError('cli/not-found', `cannot read ${path}: there is no such file`, {}, { cause })
  })
  if (found.isFile() && found.size <= longestCapture) return readFile(path)
  throw usage(`${path} is no capture of at most ${longestCapture} bytes`)
}
