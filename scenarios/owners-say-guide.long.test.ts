import { test } from 'node:test'
import { followGuide } from './guide.ts'

test('the guide “the owner’s say” works word by word', { timeout: 600_000 }, t =>
  followGuide(t, {
    file: 'docs/guides/owners-say.md',
    ports: [8486],
    programs: ['/usr/bin/curl'],
    undo: { folder: 'arm-device', script: 'npx steadfleet agent down --state arm-device' },
  }),
)
