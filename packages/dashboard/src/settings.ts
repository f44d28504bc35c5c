import type {
  SettingDeclaration,
  SettingDeclarations,
  SettingScope,
  SettingValue,
  SettingValues,
} from '@steadfleet/domain'
import type { SettingView } from '@steadfleet/protocol'

/** One declared setting on one device: its value, and who gave it. */
export interface SettingLine {
  readonly name: string
  readonly declaration: SettingDeclaration
  readonly value: SettingValue
  readonly from: SettingScope | 'default'
}

/** Weakest first: a device's own value beats its group's, that its fleet's. */
const scopes: readonly SettingScope[] = ['fleet', 'group', 'device']

/** What was given to one package at one scope. */
export function valuesAt(
  given: readonly SettingView[],
  of: string,
  scope: SettingScope,
  names: readonly string[],
): SettingValues {
  const views = given.filter(
    view => view.package === of && view.scope === scope && names.includes(view.name),
  )
  return Object.assign({}, ...views.map(view => view.values))
}

/** Every declared setting with the value an app sees: what was set, over the manifest's default. */
export function linesOf(
  declared: SettingDeclarations,
  given: Readonly<Record<SettingScope, SettingValues>>,
): SettingLine[] {
  return Object.entries(declared).map(([name, declaration]) => {
    const from = scopes.findLast(scope => given[scope][name] !== undefined) ?? 'default'
    const set = from === 'default' ? undefined : given[from][name]
    return { name, declaration, value: set ?? defaultIn(declaration), from }
  })
}

/** As `defaultOf` of the glossary, whose schemas do not reach the browser. */
function defaultIn(declaration: SettingDeclaration): SettingValue {
  return declaration.type === 'secret' ? '' : declaration.default
}

/** What a declaration allows, in words; nothing where it allows anything of its type. */
export function boundsOf(declaration: SettingDeclaration): string | undefined {
  if (declaration.type !== 'integer') return undefined
  const { minimum, maximum } = declaration
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`
  if (minimum !== undefined) return `at least ${minimum}`
  return maximum === undefined ? undefined : `at most ${maximum}`
}
