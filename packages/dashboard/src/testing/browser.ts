import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'

const executablePath = '/usr/bin/chromium'
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Why no browser can be had here, or false: what a test's `skip` wants. */
export const noBrowser: string | false = existsSync(executablePath)
  ? false
  : `${executablePath} is not there (Debian's package chromium)`

/** Starts Debian's Chromium, without a sandbox of its own and without calling home. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args })
}

/** How a page is opened: its colours and its size. */
export interface Look {
  readonly colours?: 'light' | 'dark'
  readonly width?: number
  readonly height?: number
  /** Pixels to a point; a picture for people wants two. */
  readonly scale?: number
}

/** A page that is signed in by a one-time token, as by its link. */
export async function openSignedIn(
  browser: Browser,
  origin: string,
  token: string,
  { colours = 'light', width = 1280, height = 860, scale = 1 }: Look = {},
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: colours,
    reducedMotion: 'reduce',
    deviceScaleFactor: scale,
  })
  const page = await context.newPage()
  await page.goto(`${origin}/#sign-in=${encodeURIComponent(token)}`)
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  return page
}

/** Goes to a page within the dashboard and waits until nothing of it is still loading. */
export async function goTo(page: Page, path: string): Promise<void> {
  await page.goto(new URL(path, page.url()).href)
  await settle(page)
}

/** Waits until a page shows its heading and has nothing left to load. */
export async function settle(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor()
  const busy = page.locator('[aria-busy="true"]')
  while ((await busy.count()) > 0) await busy.first().waitFor({ state: 'detached' })
}

/** Gives the pages of a context an authenticator that unlocks itself, as a finger on a sensor would. */
export async function addAuthenticator(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  } as const
  await devtools.send('WebAuthn.addVirtualAuthenticator', { options })
}

/** What a picture is of, and where it goes. */
export interface Shot extends Look {
  readonly origin: string
  /** A one-time sign-in token of that server. */
  readonly token: string
  /** The page within the dashboard: `/`, `/devices`, `/rollouts/3`. */
  readonly page: string
  readonly file: string
}

/** Takes a picture of one page of a running dashboard. */
export async function takeScreenshot(shot: Shot): Promise<void> {
  const browser = await openBrowser()
  try {
    const page = await openSignedIn(browser, shot.origin, shot.token, { scale: 2, ...shot })
    await goTo(page, shot.page)
    await page.screenshot({ path: shot.file })
  } finally {
    await browser.close()
  }
}
