import { test } from 'node:test'
import { followGuide } from './guide.ts'

test('the guide “a catalogue of your own” works word by word', { timeout: 600_000 }, t =>
  followGuide(t, {
    file: 'docs/guides/own-catalogue.md',
    ports: [8486, 8487],
    programs: ['/usr/bin/apt-get', '/usr/bin/dpkg-deb'],
  }),
)
