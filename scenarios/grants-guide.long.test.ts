import { test } from 'node:test'
import { followGuide } from './guide.ts'

test('the guide “grants” works word by word', { timeout: 600_000 }, t =>
  followGuide(t, {
    file: 'docs/guides/grants.md',
    ports: [8488],
    programs: ['/usr/bin/apt-get', '/usr/bin/dpkg-deb'],
    undo: { folder: 'bell-device', script: 'npx steadfleet agent down --state bell-device' },
  }),
)
