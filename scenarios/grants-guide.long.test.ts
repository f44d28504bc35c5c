import { test } from 'node:test'
import { followGuide } from './guide.ts'

const down = (state: string) => `npx steadfleet agent down --state ${state}`

test('the guides “grants” and “confinement” work word by word', { timeout: 600_000 }, t =>
  followGuide(t, {
    file: 'docs/guides/grants.md',
    goesOn: ['docs/guides/confinement.md'],
    ports: [8488],
    programs: ['/usr/bin/apt-get', '/usr/bin/dpkg-deb', '/usr/bin/bwrap', '/usr/sbin/nft'],
    undo: {
      folder: 'bell-device',
      script: `${down('bell-device')}; [ ! -d strict-device ] || ${down('strict-device')}`,
    },
  }),
)
