import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { buildDashboard } from '../build.mjs'
import { violationsOn } from './testing/axe.ts'
import { goTo, noBrowser, openBrowser, openSignedIn } from './testing/browser.ts'
import { makeCanned } from './testing/canned.ts'
import { fig, pine } from './testing/canned-devices.ts'
import { makeLog } from './testing/canned-trust.ts'
import { type CannedServer, goodToken, serveCanned } from './testing/server.ts'

const dist = fileURLToPath(new URL('../dist', import.meta.url))

describe('what a person can do and see in a browser', { skip: noBrowser }, () => {
  let browser: Browser
  let server: CannedServer
  let page: Page

  before(async () => {
    await buildDashboard()
    browser = await openBrowser()
    server = await serveCanned(dist, makeCanned())
    page = await openSignedIn(browser, server.origin, goodToken)
  })
  after(async () => {
    await browser?.close()
    await server?.[Symbol.asyncDispose]()
  })

  test('a role that ends is on the front page, and leads to who renews it', async () => {
    await goTo(page, '/')
    await page.getByRole('link', { name: /Publisher acme expires in 11 days/ }).click()
    await page.getByRole('heading', { level: 1, name: 'Trust' }).waitFor()
    const targets = page.getByRole('row', { name: /Catalogue targets/ })
    await targets.getByText('Renew', { exact: true }).waitFor()
    await targets.getByText('the catalogue’s keepers, offline').waitFor()
    await targets.getByRole('img', { name: '78 % of its life is over' }).waitFor()
    await page.getByText('Does not count').waitFor()
    assert.equal(await page.getByRole('row').count(), 7)
  })

  test('a rollout that waits for a grant says what for, and goes on when it is given', async () => {
    const [rollout] = server.canned.rollouts
    assert.ok(rollout)
    Object.assign(rollout, { waitsFor: [{ interface: 'network', reason: 'news from b.example' }] })
    await goTo(page, `/rollouts/${rollout.id}`)
    await page.getByText('No device is moved before you say what revision 3 may have').waitFor()
    await page.getByText('+ endpoints {"host":"b.example","port":443}').waitFor()
    assert.deepEqual(await violationsOn(page), [])
    await page.getByRole('button', { name: 'Grant network' }).click()
    await page
      .getByRole('alert')
      .filter({ hasText: 'No device is moved' })
      .waitFor({ state: 'detached' })
  })

  test('grants say what is asked, had and by whose word, and each word whom it hits', async () => {
    await goTo(page, '/grants')
    await page.getByText('A rule of the devices’ model grants it.').waitFor()
    await page.getByText('Not granted', { exact: true }).waitFor()
    await page.getByText('Its publisher says: shows who is at the door').waitFor()
    await page.getByRole('button', { name: 'Revoke network-lan of acme/mosquitto' }).click()
    const asked = page.getByRole('dialog')
    await asked.getByText('It hits the 4 devices of fleet home, but not oak').waitFor()
    assert.deepEqual(await violationsOn(page), [])
    await page.keyboard.press('Escape')
    await asked.waitFor({ state: 'detached' })
  })

  test('never is said by the keyboard alone, and taken back', async () => {
    await goTo(page, '/grants')
    await page.getByRole('button', { name: 'Never camera of acme/greenhouse' }).focus()
    await page.keyboard.press('Enter')
    const asked = page.getByRole('dialog')
    await asked.getByText('no word about a single device').waitFor()
    await page.keyboard.press('Enter')
    await page.getByText('It may never have it.').waitFor()
    const { target, verdict } = server.canned.grants.decisions.at(-1) ?? {}
    assert.deepEqual([target, verdict], ['home', 'never'])
    await page.getByRole('button', { name: 'Forget camera of acme/greenhouse' }).click()
    await asked.getByRole('button', { name: 'Forget' }).click()
    await page.getByText('Nobody said anything of it.').waitFor()
  })

  test('a device has words of its own, and a revision that asks for more shows what more', async () => {
    const [network] = server.canned.grants.grants
    Object.assign(network ?? {}, { waits: true })
    await goTo(page, `/devices/${fig}`)
    await page.getByText('+ endpoints {"host":"b.example","port":443}').waitFor()
    await page.getByText('A rollout waits', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Revoke network of acme/greenhouse' }).click()
    const asked = page.getByRole('dialog')
    await asked.getByText('It hits fig alone.').waitFor()
    await asked.getByRole('button', { name: 'Revoke' }).click()
    await asked.waitFor({ state: 'detached' })
    assert.deepEqual(server.canned.grants.decisions.at(-1)?.target, fig)
    Object.assign(network ?? {}, { waits: false })
  })

  test('a release shows what was found in its tree', async () => {
    await goTo(page, '/releases')
    await page
      .getByRole('button', { name: 'Look at the hygiene of acme/greenhouse revision 3' })
      .click()
    const shown = page.getByRole('dialog')
    await shown.getByText('telnet-server: is a BusyBox with a telnet server').waitFor()
    await shown.getByText('Accepted by its publisher: a key of the tests alone').waitFor()
    await shown.getByText('1 note besides.').waitFor()
    assert.deepEqual(await violationsOn(page), [])
  })

  test('a review is answered with a reason', async () => {
    await goTo(page, '/reviews')
    await page.getByRole('button', { name: 'Approve acme/greenhouse revision 3' }).click()
    const asked = page.getByRole('dialog')
    await asked.getByRole('textbox', { name: 'Reason' }).fill('a doorbell may have a camera')
    assert.deepEqual(await violationsOn(page), [])
    await asked.getByRole('button', { name: 'Approve' }).click()
    await page.getByText('“a doorbell may have a camera”, said by operator').waitFor()
    assert.equal(server.canned.reviews[0]?.verdict, 'approved')
  })

  test('who is isolated is shown with who did it, and released after saying what that means', async () => {
    await goTo(page, '/security')
    await page.getByText('by the fleet’s rule').waitFor()
    await page.getByRole('button', { name: 'Release acme/mosquitto on oak' }).click()
    await page.getByRole('dialog').getByText('No other device is touched').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Release' }).click()
    await page.getByText('Nothing is isolated.').waitFor()
  })

  test('a package is isolated from its device’s page', async () => {
    await goTo(page, `/devices/${pine}`)
    await page.getByRole('button', { name: 'Isolate acme/greenhouse' }).click()
    await page.getByRole('dialog').getByText('Its agent still reaches this server').waitFor()
    assert.deepEqual(await violationsOn(page), [])
    await page.getByRole('dialog').getByRole('button', { name: 'Isolate' }).click()
    await page.getByRole('button', { name: 'Release acme/greenhouse on pine' }).waitFor()
  })

  test('the log is shown with each witness, and with what is wrong with one', async () => {
    server.canned.log = makeLog()
    await goTo(page, '/trust')
    await page.getByText('12 entries, all published').waitFor()
    await page.getByText('1 of 2 witnesses', { exact: true }).waitFor()
    await page.getByText('log/witness').waitFor()
    assert.deepEqual(await violationsOn(page), [])
    server.canned.log = undefined
  })

  test('refusals are counted by code, and one code can be looked at, by its address too', async () => {
    await goTo(page, '/security')
    assert.equal(await page.getByRole('article').count(), 2)
    await page.getByRole('button', { name: /trust\/digest-mismatch/ }).click()
    await page.getByRole('article').getByText('trust/replayed-order').waitFor({ state: 'detached' })
    const [row] = await page.getByRole('article').all()
    assert.ok(row)
    await row.getByText('51c8aa0351c8').waitFor()
    await row.getByRole('button', { name: 'Copy the digest of the found' }).waitFor()
    const link = row.getByRole('link', { name: 'Signed report' })
    assert.match((await link.getAttribute('href')) ?? '', /^\/v1\/security-events\/\d+\/evidence$/)
    assert.match(page.url(), /code=trust%2Fdigest-mismatch/)
    assert.deepEqual(await violationsOn(page), [])
    await goTo(page, `/security?device=${pine}`)
    await page.getByText('No device refused anything').waitFor()
  })

  test('a device shows what it refused, and leads to all of it', async () => {
    await goTo(page, `/devices/${fig}`)
    await page.getByRole('link', { name: 'All of them' }).click()
    await page.getByRole('heading', { level: 1, name: 'Security events' }).waitFor()
    await page.getByRole('article').nth(1).waitFor()
    assert.equal(await page.getByRole('article').count(), 2)
  })

  test('a release is tried on one device, after saying that no other moves', async () => {
    await goTo(page, `/devices/${pine}`)
    await page.getByRole('button', { name: 'Try a release' }).click()
    const asked = page.getByRole('dialog')
    await asked.getByText('No other device moves').waitFor()
    assert.equal(await asked.getByRole('combobox', { name: 'Revision' }).inputValue(), '3 (1.2.0)')
    await asked.getByRole('combobox', { name: 'Package' }).click()
    await page.getByRole('option', { name: 'acme/mosquitto' }).click()
    const revision = asked.getByRole('combobox', { name: 'Revision' })
    assert.equal(await revision.inputValue(), '2 (2.0.11-1.2+deb12u2)')
    assert.deepEqual(await violationsOn(page), [])
    await asked.getByRole('button', { name: 'Order pine' }).click()
    await page.getByText('3 accepted, 4 waits for it').waitFor()
  })

  test('a package is no longer followed, and followed again', async () => {
    await goTo(page, '/fleet')
    await page.getByRole('button', { name: 'Stop following acme/mosquitto' }).click()
    const asked = page.getByRole('dialog')
    await asked.getByText(/The 4 devices of fleet home will be ordered to remove/).waitFor()
    assert.deepEqual(await violationsOn(page), [])
    await asked.getByRole('button', { name: 'Stop following' }).click()
    await asked.waitFor({ state: 'detached' })
    await page.getByText('latest/stable, at revision 2').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Follow a channel' }).click()
    await asked.getByText(/Starts a rollout of revision 2 over the 4 devices/).waitFor()
    assert.deepEqual(await violationsOn(page), [])
    await asked.getByRole('button', { name: 'Follow', exact: true }).click()
    await page.getByText('latest/stable, at revision 2').waitFor()
  })

  test('a group is made while it shows whom it finds, leads to them, and is forgotten', async () => {
    await goTo(page, '/fleet')
    await page.getByRole('button', { name: 'Make a group' }).click()
    const asked = page.getByRole('dialog')
    await asked.getByText('Finds 4 devices').waitFor()
    await asked.getByRole('textbox', { name: 'Query' }).fill('labels.site == "south" && silent')
    await asked.getByText('Finds 1 device: elm.').waitFor()
    await asked.getByRole('button', { name: 'Save the group' }).click()
    await asked
      .getByRole('alert')
      .getByText(/A name begins with a small letter/)
      .waitFor()
    assert.deepEqual(await violationsOn(page), [])
    await asked.getByRole('textbox', { name: 'Name of the group' }).fill('old-south')
    await asked.getByRole('button', { name: 'Save the group' }).click()
    await page.getByText('labels.site == "south" && silent').waitFor()
    await page.getByRole('link', { name: '1 device', exact: true }).click()
    await page.getByText('1 of 4 devices').waitFor()
    await goTo(page, '/fleet')
    await page.getByRole('button', { name: 'Forget old-south' }).click()
    await asked.getByText(/The settings given to it go with it/).waitFor()
    await asked.getByRole('button', { name: 'Forget' }).click()
    await asked.waitFor({ state: 'detached' })
    assert.deepEqual(
      server.canned.groups.map(({ name }) => name),
      ['north', 'south'],
    )
  })

  test('an act on many shows whom it hits, and a device tells what was decided', async () => {
    await goTo(page, '/devices?group=south')
    await page.getByText('2 of 4 devices').waitFor()
    await page.getByRole('button', { name: 'Act on these' }).click()
    const asked = page.getByRole('dialog')
    await asked.getByText('It hits 2 devices: pine and elm').waitFor()
    await asked.getByRole('button', { name: 'Label 2 devices' }).click()
    await asked
      .getByRole('alert')
      .getByText(/Labels are written as/)
      .waitFor()
    assert.deepEqual(await violationsOn(page), [])
    await asked.getByRole('combobox', { name: 'What is done' }).click()
    await page.getByRole('option', { name: 'Hold', exact: true }).click()
    await asked.getByRole('button', { name: 'Hold 2 devices' }).click()
    await asked.waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'pine', exact: true }).click()
    await page.getByText('no rollout moves it').waitFor()
    await page.getByRole('button', { name: 'Change', exact: true }).click()
    await asked.getByRole('textbox', { name: 'Labels' }).fill('ring=canary')
    await asked.getByRole('button', { name: 'Label pine' }).click()
    await page.getByText('ring=canary').waitFor()
    assert.deepEqual(await violationsOn(page), [])
  })
})
