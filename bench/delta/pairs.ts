/** Two sets of Debian packages whose files make an older and a newer tree. */
export interface Pair {
  readonly name: string
  readonly old: readonly string[]
  readonly next: readonly string[]
}

const nginx = [
  'nginx',
  'nginx-common',
  ...modules('http-geoip http-image-filter http-perl'),
].concat(modules('http-xslt-filter mail stream stream-geoip'))
const python = [
  'python3.11',
  'python3.11-minimal',
  'libpython3.11',
  'libpython3.11-minimal',
].concat('libpython3.11-stdlib')
const node = ['nodejs', 'libnode108']
const ssl = ['openssl', 'libssl3']

/** The smallest first. Versions are those that bookworm's main and security suites hold. */
export const pairs: readonly Pair[] = [
  {
    name: 'nginx',
    old: [...at(nginx, '1.22.1-9+deb12u9'), 'mosquitto=2.0.11-1.2+deb12u1'],
    next: [...at(nginx, '1.22.1-9+deb12u11'), 'mosquitto=2.0.11-1.2+deb12u2'],
  },
  { name: 'openssl', old: at(ssl, '3.0.20-1~deb12u2'), next: at(ssl, '3.0.22-1~deb12u2') },
  { name: 'python', old: at(python, '3.11.2-6+deb12u8'), next: at(python, '3.11.2-6+deb12u9') },
  {
    name: 'nodejs',
    old: at(node, '18.20.4+dfsg-1~deb12u2'),
    next: at(node, '18.20.4+dfsg-1~deb12u3'),
  },
  {
    name: 'kernel',
    old: ['linux-image-6.1.0-55-amd64=6.1.192-1'],
    next: ['linux-image-6.1.0-56-amd64=6.1.192-2'],
  },
]

function at(names: readonly string[], version: string): string[] {
  return names.map(name => `${name}=${version}`)
}

function modules(names: string): string[] {
  return names.split(' ').map(name => `libnginx-mod-${name}`)
}
