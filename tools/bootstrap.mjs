// Makes `npm start` and `npm test` self-sufficient. Plain JavaScript for any Node from 18 on, and
// nothing but Node's own modules, since it runs before anything is installed.
import { refuseOldTools } from './bootstrap/runtime.mjs'
import { BootstrapError, fail } from './bootstrap/say.mjs'

/** What each run needs: its npm packages, its Debian packages, what has to be built first. */
async function main(purpose) {
  refuseOldTools()
  const { installModules } = await import('./bootstrap/modules.mjs')
  const { installDebianPackages, refuseMissing } = await import('./bootstrap/debian.mjs')
  const { refuseNoSandbox } = await import('./bootstrap/sandbox.mjs')
  const { buildStaleParts } = await import('./bootstrap/builds.mjs')
  await installDebianPackages(purpose)
  if (purpose === 'start') refuseNoSandbox()
  await installModules()
  refuseMissing(purpose)
  await buildStaleParts()
}

const purpose = process.argv[2]
if (purpose !== 'start' && purpose !== 'test') {
  fail(new BootstrapError('bootstrap/usage', 'cannot tell what for: say start or test'))
} else {
  main(purpose).catch(fail)
}
