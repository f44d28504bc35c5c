import { test } from 'node:test'
import { followGuide } from './guide.ts'

const down = 'npx steadfleet agent down --state my-device'

test('the guide “your first package” works word by word', { timeout: 600_000 }, t =>
  followGuide(t, {
    file: 'docs/guides/first-package.md',
    ports: [8484, 8642],
    programs: ['/usr/bin/curl'],
    // The guide itself ends the app; where it stopped half-way, it runs on by design.
    undo: { folder: 'my-device', script: down },
  }),
)
