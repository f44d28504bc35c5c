import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { isPasswordOf } from './crypt.ts'
import { defaultPairs, findingsIn, growthSince, type LookedAt, tracesOf } from './index.ts'

const { privateKey } = generateKeyPairSync('ed25519')
const inPieces = (text: string) =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.stringify(`${line}\n`))
    .join(' +\n')
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const der = privateKey.export({ format: 'der', type: 'pkcs8' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
const ssh = `-----BEGIN OPENSSH PRIVATE KEY-----\n${'b3BlbnNz'.repeat(30)}\n-----END OPENSSH PRIVATE KEY-----\n`
const elf = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0])
/** Made by crypt(3) of glibc. */
const hashes = {
  md5: '$1$abcd1234$g5N6QL6vVq856riL5o0mf/',
  sha512:
    '$6$rounds=1200$saltysalt$Uhtg6I19EK9qp/jZ/FSlylEvgt9cNxZh3ClY91zSNlaKnQLUkq74daNztl1AobEtU4Vb1JF0U115Vfl2x1Vvt0',
}
const program = (...texts: string[]): Buffer =>
  Buffer.concat([elf, Buffer.alloc(100), ...texts.map(text => Buffer.from(`\0${text}\0`))])

const rows: [what: string, path: string, content: string | Buffer, found: string[]][] = [
  ['a page', 'srv/index.html', '<p>admin</p>', []],
  ['a PEM key', 'etc/key.pem', pem, ['private-key']],
  ['a key within a script', 'srv/a.js', `const key = ${JSON.stringify(pem)}`, ['private-key']],
  ['a key in pieces', 'srv/a.js', `const key = ${inPieces(pem)}`, ['private-key']],
  ['a key behind other bytes', 'srv/image', `${'x'.repeat(9000)}\0${pem}`, ['private-key']],
  ['an OpenSSH key', 'root/id', ssh, ['private-key']],
  ['a DER key', 'etc/key.der', der, ['private-key']],
  ['a DER key of RSA', 'etc/rsa', rsa.export({ format: 'der', type: 'pkcs1' }), ['private-key']],
  [
    'bytes that begin as DER does',
    'etc/x',
    Buffer.concat([der.subarray(0, 8), Buffer.alloc(40)]),
    [],
  ],
  ['the name of a key alone', 'usr/bin/x', program('-----BEGIN RSA PRIVATE KEY-----'), []],
  [
    'a template of a key',
    'a.txt',
    '-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----',
    [],
  ],
  ['a public key', 'a.pem', pem.replaceAll('PRIVATE', 'PUBLIC'), []],
  [
    'a bcrypt string',
    'etc/users.json',
    `{"a":"$2b$10$${'N9qo8uLOickgx2ZMRZoMye'.repeat(2)}"}`,
    ['password-hash'],
  ],
  [
    'a yescrypt entry',
    'etc/shadow',
    `root:$y$j9T$${'a'.repeat(22)}$${'b'.repeat(43)}:19000:0\n`,
    ['password-hash'],
  ],
  ['an entry of DES', 'etc/passwd', 'root:ab1234567890c:0:0::/:/bin/sh\n', ['password-hash']],
  ['accounts that are locked', 'etc/shadow', 'root:*:19000\nx:!:1\ny:!*:1\nz:!!:1\n', []],
  ['accounts whose hash is elsewhere', 'etc/passwd', 'root:x:0:0:root:/root:/bin/bash\n', []],
  ['an account without a password', 'etc/shadow', 'root::19000\n', ['default-password']],
  ['groups', 'etc/group', 'root:x:0:\nadm::4:\n', []],
  [
    'shadow of a worm’s password, MD5',
    'etc/shadow',
    `root:${hashes.md5}:1\n`,
    ['default-password'],
  ],
  ['shadow of one, SHA-512', 'etc/shadow-', `root:${hashes.sha512}:1\n`, ['default-password']],
  ['that hash of another user', 'etc/shadow', `ann:${hashes.sha512}:1\n`, ['password-hash']],
  ['a line of its own', 'etc/pass.txt', '# users\nroot:xc3511\n', ['default-password']],
  ['an address', 'etc/a.conf', 'stream = rtsp://admin:1234@127.0.0.1/live', ['default-password']],
  [
    'two settings',
    'etc/a.ini',
    '[web]\nusername = admin\nport=80\npassword = admin\n',
    ['default-password'],
  ],
  ['two members', 'etc/a.json', '{"user":"root","pass":"vizxv"}', ['default-password']],
  [
    'constants of a script',
    'srv/a.py',
    "DEFAULT_USER = 'admin'\nDEFAULT_PASSWORD = '12345'\n",
    ['default-password'],
  ],
  [
    'a user and another’s password',
    'etc/a.ini',
    `user = root\n${'#\n'.repeat(200)}password = root\n`,
    [],
  ],
  ['a good password', 'etc/a.ini', 'username = admin\npassword = eu3Nc-92ks\n', []],
  ['a password to be set', 'etc/a.ini', 'username = admin\npassword =\n', []],
  ['owners of files', 'etc/logrotate.d/a', 'create 640 root adm\nsu root root\n', []],
  ['a constant of a program', 'usr/bin/camera', program('xc3511'), ['default-password']],
  ['those letters within others', 'usr/bin/camera', program('axc3511'), []],
  ['what starts one', 'etc/init.d/vsftpd', '#!/bin/sh\n', []],
  ['a telnetd', 'usr/sbin/telnetd', program(), ['telnet-server']],
  [
    'a telnetd by another name',
    'bin/helper',
    program('BusyBox v1.35', 'telnetd'),
    ['telnet-server'],
  ],
  ['a BusyBox without one', 'bin/busybox', program('BusyBox v1.35', 'telnet'), []],
  ['an ftpd by another name', 'bin/files', program('vsftpd: version 3.0.3'), ['ftp-server']],
  ['a debugger’s server', 'usr/bin/aarch64-linux-gnu-gdbserver', program(), ['debug-server']],
  ['a compiler', 'usr/bin/x86_64-linux-gnu-gcc-12', program(), ['compiler']],
  ['a demangler', 'usr/bin/c++filt', program(), []],
]
for (const [what, path, content, rules] of rows) {
  const end = rules.length === 0 ? 'is no finding' : `is found as ${rules.join(', ')}`
  test(`${what} ${end}`, async () => {
    const found = findingsIn([await file(path, content)])
    assert.deepEqual(
      found.map(({ rule }) => rule),
      rules,
    )
    for (const { words } of found) assert.doesNotMatch(words, /xc3511|vizxv|12345|\$6\$r|MII/)
  })
}

describe('a tree', () => {
  test('with a file that names a server and is none is left alone', async () => {
    const text = { ...(await file('usr/share/completions/gcc', 'complete gcc')), mode: 0o644 }
    assert.deepEqual(findingsIn([text as LookedAt]), [])
  })

  test('with links to a BusyBox is told of each that is a server', () => {
    const links = ['telnetd', 'ls', 'tftpd'].map(name => link(`bin/${name}`, 'busybox', false))
    assert.deepEqual(rulesOf(findingsIn(links)), [
      'bin/telnetd telnet-server',
      'bin/tftpd ftp-server',
    ])
  })

  test('is told of special and of world-writable modes', async () => {
    const modes = [0o4755, 0o2755, 0o666, 0o755]
    const files = await Promise.all(
      modes.map(async (mode, i) => ({ ...(await file(`f${i}`, 'x')), mode }) as LookedAt),
    )
    assert.deepEqual(rulesOf(findingsIn(files)), ['f0 setuid', 'f1 setuid', 'f2 world-writable'])
  })

  test('is told of links that lead nowhere, but for what a running system has', () => {
    const links = [link('a', 'gone', true), link('b', '/proc/mounts', true), link('c', 'a', false)]
    assert.deepEqual(rulesOf(findingsIn(links)), ['a broken-link'])
  })

  test('is told of libraries that nothing needs or names', async () => {
    const folder = 'usr/lib/x86_64-linux-gnu'
    const libraries = ['libneeded.so.1', 'libnamed.so.2', 'libidle.so.3', 'libnss_x.so.2']
    const entries = [
      ...libraries.map(name => library(`${folder}/${name}`, name)),
      library(`${folder}/modules/libplugin.so`, 'libplugin.so'),
      await file('etc/a.conf', 'load libnamed.so.2'),
      program64('usr/bin/a', ['libneeded.so.1']),
    ]
    assert.deepEqual(rulesOf(findingsIn(entries)), [`${folder}/libidle.so.3 unused-library`])
  })

  test('that grew by half and a megabyte is told', () => {
    assert.equal(growthSince(2_000_000, 3_100_000).length, 1)
    assert.deepEqual(growthSince(2_000_000, 2_900_000), [])
    assert.deepEqual(growthSince(100, 1_000), [])
  })
})

const made: [hash: string, password: string][] = [
  ['$1$x$5mkLE6wUP7mGhj.dNsKvp0', 'root'],
  ['$5$rounds=1200$x$xhSQN0VeEn183QgNLd2F23axbOLRczWEGpavb3AkGS6', 'root'],
  [
    '$6$rounds=1000$saltstring$crYG66svbolyTtU0/XVplJ1fr5hc2/95pG34z5W4iy2l8NktEU7shomzKb04GTB1i8XQJRZtwh1ZKD3rpdI4t1',
    'a'.repeat(70),
  ],
]
for (const [hash, password] of made) {
  test(`crypt(3) makes ${hash.slice(0, 20)}… of its password alone`, () => {
    assert.ok(isPasswordOf(hash, password))
    assert.ok(!isPasswordOf(hash, `${password}!`))
  })
}

test('a hash that would take minutes, or is of another kind, is not tried', () => {
  assert.ok(!isPasswordOf(`$6$rounds=999999999$salt$${'a'.repeat(86)}`, 'root'))
  assert.ok(!isPasswordOf('$y$j9T$salt$hash', 'root'))
})

test('a file of three bytes, or one that lies about its dynamic part, is read without harm', async () => {
  for (const content of [
    Buffer.from([0x7f, 0x45, 0x4c]),
    Buffer.concat([elf, Buffer.alloc(56, 0xff)]),
  ]) {
    assert.deepEqual(findingsIn([await file('usr/bin/odd', content)]), [])
  }
})

const list = new URL('../../../../../shared/data/mirai-credentials.csv', import.meta.url)
test('the pairs are those of Mirai’s source', { skip: !existsSync(list) && 'no list' }, () => {
  const [, ...lines] = readFileSync(list, 'utf8').trim().split('\n')
  const pairs = new Set(lines.map(line => line.split(',').slice(0, 2).join(',')))
  const ours = Object.entries(defaultPairs).flatMap(([user, all]) =>
    all.map(one => `${user},${one}`),
  )
  assert.deepEqual([...pairs].sort(), ours.sort())
})

async function file(path: string, content: string | Buffer): Promise<LookedAt> {
  const bytes = Buffer.from(content as string)
  const read = async (offset: number, length: number) =>
    new Uint8Array(bytes.subarray(offset, offset + length))
  const traces = await tracesOf(path, { length: bytes.length, read })
  return { path, kind: 'file', mode: 0o755, traces }
}

function link(path: string, target: string, isBroken: boolean): LookedAt {
  return { path, kind: 'link', target, isBroken }
}

function library(path: string, soname: string): LookedAt {
  const traces = { found: [], dynamic: { needs: [], soname }, mentions: [soname] }
  return { path, kind: 'file', mode: 0o644, traces }
}

function program64(path: string, needs: string[]): LookedAt {
  return {
    path,
    kind: 'file',
    mode: 0o755,
    traces: { found: [], dynamic: { needs }, mentions: [] },
  }
}

function rulesOf(found: ReturnType<typeof findingsIn>): string[] {
  return found.map(({ path, rule }) => `${path} ${rule}`)
}
