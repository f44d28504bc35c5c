import type { SchemaFault } from './explain.ts'
import type { App, HealthCheck, Manifest } from './manifest.ts'
import { faultsInDeclarations, type SettingDeclarations } from './settings.ts'

/**
 * Every way in which a manifest that its schema allows still contradicts itself; empty when it does
 * not. Never throws. Paths are those of the manifest, so that a reader of YAML can name the line.
 */
export function faultsInManifest(manifest: Manifest): SchemaFault[] {
  return [
    ...under('/settings', faultsInDeclarations(manifest.settings ?? {})),
    ...Object.entries(manifest.apps).flatMap(([name, app]) =>
      under(`/apps/${name}`, faultsInApp(app, manifest.settings ?? {})),
    ),
    ...Object.entries(manifest.hooks ?? {}).flatMap(([name, command]) =>
      under(`/hooks/${name}`, faultsInCommand(command)),
    ),
    ...under('/interfaces', faultsInInterfaces(manifest)),
    ...under('/sources', faultsInSources(manifest)),
    ...under('/setuid', repeated(manifest.setuid?.map(({ path }) => path) ?? [], 'path')),
    ...faultsInSupportEnd(manifest['support-end']),
  ]
}

function faultsInApp(app: App, settings: SettingDeclarations): SchemaFault[] {
  const neverEnds = app.daemon === 'oneshot' && app.restart === 'always'
  const reserved = Object.keys(app.environment ?? {}).filter(key => key.startsWith('STEADFLEET_'))
  return [
    ...under('/command', faultsInCommand(app.command)),
    ...when(neverEnds, '/restart', 'must not be always for an app that runs once'),
    ...reserved.map(key => ({
      path: `/environment/${key}`,
      message: 'must not begin with STEADFLEET_: the device sets those',
    })),
    ...under('/health', app.health ? faultsInHealth(app.health, settings) : []),
  ]
}

function faultsInHealth(health: HealthCheck, settings: SettingDeclarations): SchemaFault[] {
  if ('exec' in health) return under('/exec', faultsInCommand(health.exec))
  const [kind, port] = 'http' in health ? ['http', health.http.port] : ['tcp', health.tcp.port]
  if (typeof port === 'number') return []
  return under(`/${kind}/port/setting`, faultsInPortSetting(port.setting, settings))
}

function faultsInPortSetting(name: string, settings: SettingDeclarations): SchemaFault[] {
  const declared = Object.hasOwn(settings, name) ? settings[name] : undefined
  if (!declared) {
    return [{ path: '', message: `must name a setting of this package; ${name} is not declared` }]
  }
  if (declared.type !== 'integer') {
    return [{ path: '', message: `must name an integer setting; ${name} is a ${declared.type}` }]
  }
  const isPort = (declared.minimum ?? 0) >= 1 && (declared.maximum ?? 65_536) <= 65_535
  return when(!isPort, '', `must name a setting with a minimum and maximum within 1 to 65535`)
}

/** The program is a path inside the tree: one that climbs out of it names nothing. */
function faultsInCommand(command: readonly string[]): SchemaFault[] {
  const climbs = command[0]?.split('/').includes('..') ?? false
  const hasNul = command.findIndex(word => word.includes('\0'))
  return [
    ...when(climbs, '/0', 'must be a path inside the tree, without ".."'),
    ...when(hasNul >= 0, `/${hasNul}`, 'must not hold a NUL character'),
  ]
}

function faultsInInterfaces(manifest: Manifest): SchemaFault[] {
  return repeated(manifest.interfaces?.map(request => request.interface) ?? [], 'interface')
}

function faultsInSources({ sources, architectures }: Manifest): SchemaFault[] {
  return sources.flatMap((source, i) => {
    const only = 'directory' in source ? source.architecture : undefined
    const isUnused = only !== undefined && !architectures.includes(only)
    return when(
      isUnused,
      `/${i}/architecture`,
      `must be one of the architectures of this package: ${architectures.join(', ')}`,
    )
  })
}

function faultsInSupportEnd(day: string): SchemaFault[] {
  const moment = new Date(`${day}T00:00:00Z`)
  const isDay = !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(day)
  return when(!isDay, '/support-end', 'must be a day of the calendar, as YYYY-MM-DD')
}

/** Items that stand in a list a second time, each at its own index. */
function repeated(items: readonly string[], member: string): SchemaFault[] {
  return items.flatMap((item, i) =>
    when(items.indexOf(item) < i, `/${i}/${member}`, `must not repeat ${item}`),
  )
}

function under(path: string, faults: readonly SchemaFault[]): SchemaFault[] {
  return faults.map(fault => ({ ...fault, path: path + fault.path }))
}

function when(isWrong: boolean, path: string, message: string): SchemaFault[] {
  return isWrong ? [{ path, message }] : []
}
