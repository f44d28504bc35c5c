import { attack, pageOf } from './attack.ts'
import { revisions } from './prepared.ts'
import { serve, signRoot } from './recover.ts'

const tomorrow = () => `${new Date(Date.now() + 86_400_000).toISOString().slice(0, 19)}Z`

attack({
  attack: 'a root that expired yesterday: nobody renewed it while there was time',
  code: /^trust\/expired$/,
  without: {
    file: 'packages/trust/src/root.ts',
    before: "refuseExpired('root', root.expires, options.now)",
    after: '',
  },
  daysLater: 2,
  prepare: async vault =>
    serve(vault, await signRoot(vault, root => ({ ...root, expires: tomorrow() }))),
  strike: ({ device }) => device.order(revisions.next),
  isWon: async ({ device }) => (await device.page()) === pageOf(revisions.next),
  recover: async ({ vault }) => serve(vault, await signRoot(vault, root => root)),
})
