import { test } from 'node:test'
import { followGuide } from './guide.ts'

test('the guide “verify a release” works word by word', { timeout: 600_000 }, t =>
  followGuide(t, {
    file: 'docs/guides/verify-a-release.md',
    ports: [8485],
    programs: ['/usr/bin/openssl', '/usr/bin/apt-get', '/usr/bin/dpkg-deb'],
  }),
)
