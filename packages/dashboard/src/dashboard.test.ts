import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openSecret } from '@steadfleet/protocol'
import type { Browser, Page } from 'playwright-core'
import { buildDashboard } from '../build.mjs'
import { violationsOn } from './testing/axe.ts'
import { goTo, noBrowser, openBrowser, openSignedIn, takeScreenshot } from './testing/browser.ts'
import { makeCanned, makeEmpty } from './testing/canned.ts'
import { elm, fig } from './testing/canned-devices.ts'
import { rose, sealingKey, vouchedKey } from './testing/canned-secret.ts'
import { ago } from './testing/moments.ts'
import { type CannedServer, goodToken, serveCanned } from './testing/server.ts'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const pages = [
  '/',
  '/devices',
  `/devices/${fig}`,
  '/releases',
  '/rollouts',
  '/rollouts/3',
  '/grants',
  '/reviews',
  '/failures',
  '/failures/2',
  '/security',
  '/trust',
  '/fleet',
  '/people',
  '/audit',
  '/you',
  '/enrol',
  '/nowhere',
]

describe('the dashboard in a browser', { skip: noBrowser }, () => {
  let browser: Browser
  let server: CannedServer
  let page: Page
  const faults: string[] = []

  before(async () => {
    await buildDashboard()
    browser = await openBrowser()
    server = await serveCanned(dist, makeCanned())
    page = await openSignedIn(browser, server.origin, goodToken)
    page.on('pageerror', error => faults.push(error.message))
    page.on('console', said => said.type() === 'error' && faults.push(said.text()))
  })
  after(async () => {
    await browser?.close()
    await server?.[Symbol.asyncDispose]()
  })

  test('the token of a sign-in link leaves the address', () => {
    assert.equal(page.url(), `${server.origin}/`)
  })

  test('whoever is not signed in is told how to get a link', async () => {
    const stranger = await browser.newPage()
    await stranger.goto(`${server.origin}/devices`)
    await stranger.getByRole('heading', { name: 'Sign in' }).waitFor()
    await stranger.getByText('npx steadfleet sign-in').waitFor()
    await stranger.getByRole('button', { name: 'Sign in with Example ID' }).waitFor()
    await stranger.getByRole('button', { name: 'Sign in with a passkey' }).waitFor()
    assert.deepEqual(await violationsOn(stranger), [])
    await stranger.close()
  })

  test('a link that was used is refused by its code', async () => {
    const stranger = await browser.newPage()
    await stranger.goto(`${server.origin}/#sign-in=used`)
    await stranger.getByRole('alert').getByText('sign-in/refused').waitFor()
    await stranger.close()
  })

  test('the overview says what needs a person now, and leads there', async () => {
    await goTo(page, '/')
    await page.getByText('elm is silent').waitFor()
    await page.getByRole('link', { name: /revision 3 is halted/ }).click()
    await page.getByRole('heading', { level: 1, name: /revision 3/ }).waitFor()
  })

  test('devices are listed and found, each with its log', async () => {
    await goTo(page, '/devices')
    assert.equal(await page.getByRole('row').count(), 5)
    assert.equal(await page.getByRole('row').getByText('log: none').count(), 4)
    await page.getByRole('searchbox').fill('restored')
    await page.getByText('1 of 4 devices').waitFor()
    await page.getByRole('link', { name: 'fig', exact: true }).waitFor()
  })

  test('a group narrows the list', async () => {
    await goTo(page, '/devices')
    await page.getByRole('combobox', { name: 'Group' }).click()
    await page.getByRole('option', { name: 'south' }).click()
    await page.getByText('2 of 4 devices').waitFor()
  })

  test('a change shows as it happens, without a reload', async () => {
    await goTo(page, '/devices')
    const device = server.canned.devices.find(({ id }) => id === elm)
    assert.ok(device)
    const row = page.getByRole('row', { name: /elm/ })
    await row.getByText('Silent').filter({ visible: true }).waitFor()
    Object.assign(device, { online: true, seenAt: ago(0), silentSince: null })
    server.tell('devices')
    await row.getByText('Online').filter({ visible: true }).waitFor()
  })

  test('a device’s timeline says what changed and why, with the log', async () => {
    await goTo(page, `/devices/${fig}`)
    // What was a few minutes ago may be yesterday.
    const lately = page.getByRole('region', { name: /Today|Yesterday/ })
    await lately.getByText('acme/greenhouse from revision 2 to 3').waitFor()
    await lately.getByText('Went back: service ended 3 seconds into its probation').waitFor()
    await lately.getByText('fetched 41.4 kB of 98.4 MB').waitFor()
    await lately.getByRole('link', { name: 'rollout 3 of latest/stable' }).waitFor()
    await lately.getByText('trust/replayed-order').waitFor()
    await page
      .getByRole('region', { name: 'Last lines of service' })
      .getByText('TypeError')
      .waitFor()
  })

  test('a setting is typed by its declaration, ordered, and can be taken back', async () => {
    await goTo(page, `/devices/${fig}`)
    const warmth = page.getByRole('textbox', { name: 'target-celsius' })
    assert.equal(await warmth.inputValue(), '19')
    await warmth.fill('23')
    await page.getByRole('button', { name: 'Order fig' }).click()
    await page.getByText('Ordered on 1 device.').waitFor()
    const stored = server.canned.settings.find(({ scope }) => scope === 'device')
    assert.deepEqual(stored?.values, { label: 'Fig house', 'target-celsius': 23 })
    await page.getByRole('button', { name: 'Undo change 1' }).click()
    await page
      .getByRole('dialog')
      .getByText(/is given nothing again/)
      .waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Take back target-celsius' }).click()
    assert.equal(await warmth.inputValue(), '19')
    await page.getByText('Fleet home', { exact: true }).click()
    await warmth.fill('24')
    await page.getByText(/4 devices would see a change: fig \(.*target-celsius/).waitFor()
  })

  test('a secret is sealed in the browser, to a key that the device itself vouches for', async () => {
    const [device] = server.canned.devices
    assert.ok(device)
    server.canned.devices.push({ ...device, id: rose, name: 'rose' })
    server.canned.sealing = await vouchedKey(new Uint8Array(32).fill(1), true)
    await goTo(page, `/devices/${rose}`)
    await page.getByLabel('api-token', { exact: true }).fill('hunter2')
    await page.getByRole('button', { name: 'Seal api-token' }).click()
    await page.getByText(/the device did not sign it/).waitFor()
    server.canned.sealing = await vouchedKey(sealingKey)
    await page.getByRole('button', { name: 'Seal api-token' }).click()
    await page.getByText(/only the device can read it/).waitFor()
    assert.deepEqual(await violationsOn(page), [])
    await page.getByRole('button', { name: 'Order rose' }).click()
    await page.getByText('Ordered on 1 device.').waitFor()
    const stored = server.canned.settings.find(({ name }) => name === rose)
    const place = { device: rose, package: 'acme/greenhouse', setting: 'api-token' }
    const given: Record<string, unknown> = stored?.values ?? {}
    const opened = await openSecret(place, sealingKey, String(given['api-token']))
    assert.equal(opened, 'hunter2')
    server.canned.devices.pop()
  })

  test('a device and its fleet show how they were', async () => {
    await goTo(page, `/devices/${fig}`)
    await page.getByRole('img', { name: 'Temperature, now 71 °C' }).waitFor()
    await page.getByText('Month', { exact: true }).click()
    await page.getByRole('img', { name: 'Processor, now 46 %' }).waitFor()
    await goTo(page, '/fleet')
    await page.getByRole('img', { name: 'Disk, now 82 %' }).waitFor()
    assert.deepEqual(await violationsOn(page), [])
  })

  test('a halted rollout says why, and what the device printed', async () => {
    await goTo(page, '/rollouts/3')
    await page.getByRole('alert').getByText('1 of 1 devices failed in phase 1').waitFor()
    await page.getByText('at calibrate (/app/sensor.mjs:41:27)').waitFor()
  })

  test('steering a rollout first says whom it hits', async () => {
    await goTo(page, '/rollouts/3')
    await page.getByRole('button', { name: 'Cancel' }).click()
    const asked = page.getByRole('dialog')
    await asked.getByText(/3 waiting devices \(oak, pine and elm\)/).waitFor()
    assert.deepEqual(await violationsOn(page), [])
    await page.keyboard.press('Escape')
    await asked.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Resume' }).click()
    await asked.getByRole('button', { name: 'Resume rollout' }).click()
    await page.getByText('Running', { exact: true }).waitFor()
    const [rollout] = server.canned.rollouts
    if (rollout) rollout.state = 'halted'
  })

  test('failures show the last lines of the app', async () => {
    await goTo(page, '/failures')
    await page.getByText('New in this release').waitFor()
    await page.getByRole('link', { name: /TypeError: Cannot read/ }).click()
    await page.getByRole('link', { name: 'Provenance' }).waitFor()
    const log = page.getByRole('region', { name: 'Last lines of service' })
    assert.match((await log.textContent()) ?? '', /TypeError: Cannot read properties/)
  })

  test('one chooses what one is told by mail', async () => {
    await goTo(page, '/you')
    await page.getByRole('checkbox', { name: 'Devices fall silent' }).check()
    await page.getByRole('button', { name: 'Save what is mailed' }).click()
    await page.waitForFunction(
      async () => (await (await fetch('/v1/mail')).json()).kinds.length === 2,
    )
    assert.deepEqual(server.canned.mail.kinds, ['rollout.halted', 'device.silent'])
  })

  test('a failure is resolved, and leaves what wants somebody', async () => {
    await goTo(page, '/failures/2')
    await page.getByRole('button', { name: 'Resolve' }).click()
    const asked = page.getByRole('dialog')
    await asked.getByText(/If a revision above 3 has it/).waitFor()
    assert.deepEqual(await violationsOn(page), [])
    await asked.getByRole('button', { name: 'Resolve failure' }).click()
    await page.getByText('Resolved', { exact: true }).first().waitFor()
    await goTo(page, '/failures?show=resolved')
    await page.getByRole('link', { name: /TypeError: Cannot read/ }).waitFor()
    for (const defect of server.canned.defects) defect.state = 'open'
  })

  test('somebody is invited in a role, by a link that is shown once', async () => {
    await goTo(page, '/people')
    await page.getByText('viewer of home').waitFor()
    await page.getByRole('button', { name: 'Invite somebody' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('olga')
    await page.getByRole('button', { name: 'Make the link' }).click()
    await page.getByText(`${server.origin}/#sign-in=for-one-person-alone`).waitFor()
    assert.deepEqual(await violationsOn(page), [])
    await page.keyboard.press('Escape')
    await page.getByText('olga', { exact: true }).waitFor()
    server.canned.people.pop()
  })

  test('the audit log is read page by page, filtered, and saved', async () => {
    await goTo(page, '/audit')
    assert.equal(await page.getByRole('article').count(), 50)
    await page.getByRole('button', { name: 'Show earlier ones' }).click()
    await page.getByText(/^#1 ·/).waitFor()
    assert.equal(await page.getByRole('article').count(), 60)
    await page.getByRole('textbox', { name: 'By' }).fill('vera')
    await page.getByText(/^#60 ·/).waitFor({ state: 'detached' })
    const file = await page.getByRole('link', { name: 'JSON lines' }).getAttribute('href')
    assert.equal(file, '/v1/audit/export?by=vera&format=jsonl')
  })

  test('a table is saved whole, as the server has it', async () => {
    await goTo(page, '/devices')
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save devices as CSV' }).click()
    const file = await saved
    assert.equal(file.suggestedFilename(), 'devices.csv')
    const chunks: Buffer[] = []
    for await (const chunk of await file.createReadStream()) chunks.push(chunk)
    const lines = Buffer.concat(chunks).toString().split('\r\n')
    const columns = lines[0]?.split(',') ?? []
    assert.ok(['id', 'name', 'state', 'releases'].every(name => columns.includes(name)))
    assert.ok(server.canned.devices.every(({ id }) => lines.some(line => line.includes(id))))
  })

  test('enrolling shows the line to paste, and the device as it joins', async () => {
    await goTo(page, '/enrol')
    await page.getByRole('button', { name: 'Make a token' }).click()
    await page.getByText('node agent.mjs join').waitFor()
    const [first] = server.canned.devices
    assert.ok(first)
    server.canned.devices.push({ ...first, id: 'dev_4123456789abcdefghij', name: 'ash' })
    server.tell('devices')
    await page.getByRole('status').getByRole('link', { name: 'ash' }).waitFor()
    assert.deepEqual(await violationsOn(page), [])
    server.canned.devices.pop()
  })

  test('what the server refuses is shown by its sentence and its code', async () => {
    await page.goto(`${server.origin}/rollouts/99`)
    await page.getByRole('alert').getByText('request/unknown-route').waitFor({ timeout: 15_000 })
    faults.length = 0
  })

  test('no page says anything against itself', () => assert.deepEqual(faults, []))

  for (const path of pages)
    test(`axe finds nothing on ${path}, in light and in dark`, async () => {
      await goTo(page, path)
      assert.deepEqual(await violationsOn(page), [])
      await page.emulateMedia({ colorScheme: 'dark' })
      await page.locator('html[data-mantine-color-scheme="dark"]').waitFor()
      assert.deepEqual(await violationsOn(page), [])
      await page.emulateMedia({ colorScheme: 'light' })
    })

  test('a fleet on its first day says on each page what to do next', async () => {
    await using young = await serveCanned(dist, makeEmpty())
    const own = await openSignedIn(browser, young.origin, goodToken, { width: 390 })
    const says = [
      ['/', 'This fleet has no device yet'],
      ['/devices', 'Enrol the first one'],
      ['/releases', 'npx steadfleet publish'],
      ['/rollouts', 'Nothing has been rolled out yet'],
      ['/grants', 'No package asks for anything'],
      ['/reviews', 'Nothing waits for a reviewer'],
      ['/failures', 'No device reported a failure'],
      ['/security', 'No device refused anything'],
      ['/trust', 'log: none'],
      ['/fleet', 'This fleet has no group'],
    ] as const
    for (const [path, text] of says) {
      await goTo(own, path)
      await own.getByText(text).first().waitFor()
      assert.deepEqual(await violationsOn(own), [], path)
    }
    await own.context().close()
  })

  test('on a phone nothing is wider than the screen, and the pages are behind a button', async () => {
    const own = await openSignedIn(browser, server.origin, goodToken, { width: 360 })
    for (const path of pages) {
      await goTo(own, path)
      assert.ok(await own.evaluate(() => document.body.scrollWidth <= window.innerWidth), path)
    }
    await own.getByRole('button', { name: 'Pages' }).click()
    await own.getByRole('link', { name: 'Devices' }).click()
    await own.getByRole('heading', { level: 1, name: 'Devices' }).waitFor()
    await own.context().close()
  })

  test('a picture is taken of any page', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'steadfleet-picture-'))
    const file = join(folder, 'overview.png')
    await takeScreenshot({ origin: server.origin, token: goodToken, page: '/', file })
    rmSync(file)
    rmSync(folder, { recursive: true })
  })
})
