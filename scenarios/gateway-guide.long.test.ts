import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { followGuide } from './guide.ts'

/** The kernel must let us make networks, and judge what a bridge forwards. */
const probe = 'ip link add probe0 type bridge && nft list ruleset && test -e /proc/sys/net/bridge'
const hasNetworks = spawnSync('unshare', ['--net', 'sh', '-c', probe]).status === 0

test(
  'the guide “keep devices to their MUD files” works word by word',
  {
    timeout: 300_000,
    skip: !hasNetworks && 'no networks of our own are to be had on this machine',
  },
  t =>
    followGuide(t, {
      file: 'docs/guides/enforce-mud.md',
      ports: [],
      programs: ['/usr/bin/openssl', '/usr/sbin/ip', '/usr/sbin/nft', '/usr/bin/bash'],
      undo: {
        folder: 'gateway',
        script: 'for name in router lamp internet; do ip netns delete mud-$name || true; done',
      },
    }),
)
