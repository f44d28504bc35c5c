import { chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BusAccess } from '@steadfleet/confine'
import { AppsError } from '../error.ts'
import { findProgram } from '../host-programs.ts'
import { nameUid, userRecords } from './user-records.ts'

const busSocket = '/run/dbus/system_bus_socket'

/** The programs that a proxy is run with, and the socket of the bus it leads to. */
export interface BusTools {
  readonly proxy: string | undefined
  readonly setpriv: string | undefined
  readonly socket: string
}

export function findBusTools(): BusTools {
  const proxy = findProgram('xdg-dbus-proxy')
  return { proxy, setpriv: findProgram('setpriv'), socket: busSocket }
}

/**
 * Starts the proxy beside the sandbox and waits until it listens; it ends with the sandbox, which holds the
 * other end of its pipe. The proxy has the app's uid, so that the bus and its services see who it is.
 */
const script = (proxy: string) => `
cd bus && rm -f socket ready && mkfifo -m 600 ready || exit 125
${proxy} 4>ready 3<&- &
exec 5<ready
[ -n "$(dd bs=1 count=1 <&5 2>/dev/null)" ] || { echo "cannot reach the system bus" >&2; exit 125; }
cd .. && exec "$@"`

/** What stands before the command of a sandbox in whose run folder the proxy's socket is to be. */
export interface BusProxy {
  readonly prefix: readonly string[]
  /** The socket, to be shown to the app. */
  readonly socket: string
  /** The descriptor that the sandbox keeps open. */
  readonly keptOpen: number
}

/** Makes ready the proxy for these names; refuses where there is none, since nothing else holds an app to them. */
export async function prepareBus(
  tools: BusTools,
  folder: string,
  { talks, owns }: BusAccess,
  uid: number | undefined,
): Promise<BusProxy> {
  const { proxy, setpriv, socket } = tools
  if (proxy === undefined || setpriv === undefined) {
    const what = 'xdg-dbus-proxy (package xdg-dbus-proxy)'
    const message = `cannot open the system bus: this device lacks ${what}`
    throw new AppsError('apps/no-sandbox', message, { what })
  }
  const own = join(folder, 'bus')
  await mkdir(own, { recursive: true, mode: 0o700 })
  if (uid !== undefined) {
    await chown(own, uid, uid)
    await nameUid(userRecords, uid)
  }
  const names = [...talks.map(name => `--talk=${name}`), ...owns.map(name => `--own=${name}`)]
  const words = [
    ...(uid === undefined ? [] : [setpriv, ...asUid(uid), '--']),
    ...[proxy, '--fd=4', `unix:path=${socket}`, 'socket', '--filter', ...names],
  ]
  return {
    prefix: ['/bin/sh', '-c', script(words.map(quoted).join(' ')), 'steadfleet-bus'],
    socket: join(own, 'socket'),
    keptOpen: 5,
  }
}

function asUid(uid: number): string[] {
  const caps = ['--inh-caps=-all', '--bounding-set=-all', '--no-new-privs']
  return [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...caps]
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
