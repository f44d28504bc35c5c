import { attack, pageOf, type Row, type Scene } from './attack.ts'
import { mount } from './mirror.ts'
import { keptAt, revisions } from './prepared.ts'
import { roleIn } from './vault.ts'

/** It is two days later, and a device is still given the timestamp of the first. */
function freeze(attack: string, clock: string | undefined, without: Row['without']): Row {
  return {
    attack,
    code: /^trust\/expired$/,
    without,
    daysLater: 2,
    before: ({ siege, device, clock: own }: Scene) => {
      if (clock) own.set(clock)
      const timestamp = roleIn(keptAt(siege, revisions.afterNext), 'timestamp')
      void mount(device.proxy, { files: new Map([['timestamp.json', timestamp]]) })
    },
    strike: ({ device }) => device.order(revisions.next),
    isWon: async ({ device }) => (await device.page()) === pageOf(revisions.next),
  }
}

const signedTime: Row['without'] = {
  file: 'packages/agent/src/trust/trust-state.ts',
  before: 'return new Date(Math.max(clock.getTime(), this.#floor(this.#timeName()) * 1000))',
  after: 'return clock',
}

attack(
  freeze('freeze: a timestamp that has expired is given on and on', undefined, {
    file: 'packages/trust/src/refusal.ts',
    before: 'if (expires > now) return',
    after: 'return',
  }),
  freeze('freeze, with the clock set back to when it was fresh', '+0d', signedTime),
  freeze('freeze of a device whose clock starts in 1970', '@1970-01-01 00:00:00', signedTime),
)
