/** An older and a newer tree, made of Debian's packages. */
export interface Pair {
  readonly name: string
  readonly architecture: 'amd64' | 'arm64'
  readonly old: Side
  readonly next: Side
}

/** Packages that are unpacked, each as `name=version`; or a whole system of some suites. */
export type Side = { readonly packages: readonly string[] } | System

export interface System {
  readonly suites: readonly string[]
  /** What it has beyond the least. */
  readonly include: readonly string[]
}

const modules = 'http-geoip http-image-filter http-perl http-xslt-filter mail stream stream-geoip'
const nginx = ['nginx', 'nginx-common', ...modules.split(' ').map(name => `libnginx-mod-${name}`)]
const pythonParts = ['python3.11', 'python3.11-minimal', 'libpython3.11', 'libpython3.11-minimal']
const python = [...pythonParts, 'libpython3.11-stdlib']
const node = ['nodejs', 'libnode108']
const ssl = ['openssl', 'libssl3']
const tools =
  'network-manager openssh-server openssh-client python3 bluez avahi-daemon ca-certificates curl iproute2 nftables systemd-sysv dbus udev systemd-timesyncd wpasupplicant rsync sudo usbutils less vim-tiny iputils-ping'

/** Versions are those that bookworm's main and security suites hold. */
const updates: readonly { name: string; old: readonly string[]; next: readonly string[] }[] = [
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
]

/** The smallest first of each architecture. */
export const pairs: readonly Pair[] = [
  ...updates.map(({ name, old, next }) => pairOf(name, 'amd64', old, next)),
  kernel('amd64'),
  {
    name: 'root-fs',
    architecture: 'amd64',
    old: { suites: ['bookworm'], include: tools.split(' ') },
    next: { suites: ['bookworm', 'bookworm-security'], include: tools.split(' ') },
  },
  ...updates.map(({ name, old, next }) => pairOf(`${name}-arm64`, 'arm64', old, next)),
  { ...kernel('arm64'), name: 'kernel-arm64' },
]

function kernel(architecture: Pair['architecture']): Pair {
  const image = (abi: number, version: string): string =>
    `linux-image-6.1.0-${abi}-${architecture}=${version}`
  return pairOf('kernel', architecture, [image(55, '6.1.192-1')], [image(56, '6.1.192-2')])
}

function pairOf(
  name: string,
  architecture: Pair['architecture'],
  old: readonly string[],
  next: readonly string[],
): Pair {
  return { name, architecture, old: { packages: old }, next: { packages: next } }
}

function at(names: readonly string[], version: string): string[] {
  return names.map(name => `${name}=${version}`)
}
