import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { BootstrapError } from './say.mjs'

const appArmorSwitch = 'kernel.apparmor_restrict_unprivileged_userns'

/** Refuses a machine on which bwrap is there and may not open a sandbox, as in a bare chroot. */
export function refuseNoSandbox(isRoot = process.getuid?.() === 0) {
  const namespaces = ['--unshare-ipc', '--unshare-pid', '--unshare-uts', '--unshare-net']
  const user = isRoot ? [] : ['--unshare-user']
  const shown = ['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev']
  const { status, stderr } = spawnSync('bwrap', [...namespaces, ...user, ...shown, 'true'], {
    encoding: 'utf8',
  })
  if (status === 0) return
  const [said = ''] = `${stderr}`.split('\n')
  throw new BootstrapError(
    'bootstrap/no-sandbox',
    `cannot confine apps here: ${said}`,
    hint(isRoot),
  )
}

function hint(isRoot) {
  const file = `/proc/sys/${appArmorSwitch.replace('.', '/')}`
  if (!isRoot && existsSync(file) && readFileSync(file, 'utf8').startsWith('1'))
    return `run it as root, or let programs make namespaces: sudo sysctl ${appArmorSwitch}=0`
  return 'bwrap needs namespaces and mounts of its own, which a chroot or a container may withhold'
}
