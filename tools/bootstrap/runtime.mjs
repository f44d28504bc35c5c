import { BootstrapError } from './say.mjs'

/** Refuses a Node or an npm that could not read the lock file or run the rest of the bootstrap. */
export function refuseOldTools(
  node = process.versions.node,
  agent = process.env.npm_config_user_agent || '',
) {
  if (major(node) < 18) {
    throw new BootstrapError(
      'bootstrap/old-node',
      `cannot go on with Node ${node}: it takes 18 or newer`,
      'install a newer nodejs; Node 26, which everything else runs on, comes with npm',
    )
  }
  const npm = /npm\/(\S+)/.exec(agent)
  if (npm && major(npm[1]) < 9) {
    throw new BootstrapError(
      'bootstrap/old-npm',
      `cannot go on with npm ${npm[1]}: it takes 9 or newer`,
      'npm install --global npm@11',
    )
  }
}

function major(version) {
  return Number.parseInt(version, 10)
}
