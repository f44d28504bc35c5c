import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type App, type InterfaceRequest, parsePackageName } from '@steadfleet/domain'
import type { AppSpec } from '../../packages/agent/src/apps/apps.ts'
import { interpreterOf, launcherFor } from '../../packages/agent/src/apps/host-programs.ts'

/** A state directory with a tree of a few programs of this machine, each with its libraries. */
export class Ground implements Disposable {
  readonly stateDir = mkdtempSync(join(tmpdir(), 'steadfleet-bench-'))
  readonly tree = join(this.stateDir, 'tree')

  static async lay(...programs: readonly string[]): Promise<Ground> {
    const ground = new Ground()
    mkdirSync(join(ground.stateDir, 'apps'))
    for (const program of programs) {
      for (const file of await filesOf(program)) {
        mkdirSync(dirname(join(ground.tree, file)), { recursive: true })
        copyFileSync(file, join(ground.tree, file))
      }
    }
    writeFileSync(join(ground.stateDir, 'settings.json'), '{}')
    return ground
  }

  spec(app: string, declaration: App, opened: readonly InterfaceRequest[] = []): AppSpec {
    return {
      package: parsePackageName(`bench/${app}`),
      app,
      revision: 1,
      tree: this.tree,
      data: join(this.stateDir, 'data', app),
      settings: join(this.stateDir, 'settings.json'),
      values: {},
      declaration,
      opened,
      limits: {},
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.stateDir, { recursive: true, force: true })
  }
}

/** A program with its loader and libraries, at the paths where the loader looks for them. */
async function filesOf(program: string): Promise<string[]> {
  const { shown } = await launcherFor(program)
  const loader = interpreterOf(readFileSync(program))
  return [program, ...shown.map(({ from }) => from), ...(loader === undefined ? [] : [loader])]
}
