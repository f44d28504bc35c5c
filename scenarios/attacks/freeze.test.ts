import { attack } from './attack.ts'
import { freeze, noSignedTime } from './frozen.ts'

attack(
  freeze('freeze: a timestamp that has expired is given on and on', undefined, {
    file: 'packages/trust/src/refusal.ts',
    before: 'if (expires > now) return',
    after: 'return',
  }),
  freeze('freeze, with the clock set back to when it was fresh', '+0d', noSignedTime),
)
