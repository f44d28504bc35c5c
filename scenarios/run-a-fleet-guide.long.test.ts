import { test } from 'node:test'
import { followGuide } from './guide.ts'

test('the guide “run a fleet” works word by word', { timeout: 600_000 }, t =>
  followGuide(t, {
    file: 'docs/guides/run-a-fleet.md',
    ports: [8489],
    programs: ['/usr/bin/apt-get', '/usr/bin/dpkg-deb'],
  }),
)
