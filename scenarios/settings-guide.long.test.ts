import { test } from 'node:test'
import { followGuide } from './guide.ts'

test('the guide “settings and secrets” works word by word', { timeout: 600_000 }, t =>
  followGuide(t, {
    file: 'docs/guides/settings-and-secrets.md',
    ports: [8489],
    programs: ['/usr/bin/apt-get', '/usr/bin/dpkg-deb', '/usr/bin/bwrap'],
    undo: { folder: 'lamp-device', script: 'npx steadfleet agent down --state lamp-device' },
  }),
)
