import { pageOf, type Row, type Scene } from './attack.ts'
import { mount } from './mirror.ts'
import { keptAt, revisions } from './prepared.ts'
import { roleIn } from './vault.ts'

/** It is two days later, and a device is still given the timestamp of the first. */
export function freeze(attack: string, clock: string | undefined, without: Row['without']): Row {
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

/** The last time that somebody signed is forgotten. */
export const noSignedTime: Row['without'] = {
  file: 'packages/agent/src/trust/trust-state.ts',
  before: 'return new Date(Math.max(clock.getTime(), this.#floor(this.#timeName()) * 1000))',
  after: 'return clock',
}
