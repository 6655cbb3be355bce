import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { anApi, test as onApi } from '../coordinator/api-fixture.ts'
import { aRejectingOperation, remapping } from '../coordinator/stored-operations.ts'
import { skipSuite } from '../support/skips.ts'
import { aPublishedOperation, claimAll, mappedTally, reread } from '../support/store-fixtures.ts'

const RECORD = '00056nz  a2200037n  4500100001800000\x1e1 \x1faA name\x1e\x1d'
const executablePath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((dir) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(dir, name)))
  .find((path) => existsSync(path))
const absent = executablePath === undefined && skipSuite('dashboard page', 'no chromium on the PATH', 'server')

let browser: Browser
let pageDir = ''

/** The page in a browser, over the API of a laptop; whatever the browser complains about is noted. */
const test = onApi.extend<{ complaints: string[]; page: Page }>({
  complaints: async ({ stores: _ }, use) => use([]),
  page: async ({ stores, complaints }, use) => {
    const settings = { importEnabled: true, defaultTenant: 'diku', pageDir }
    const api = await anApi(stores, { settings })
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.on('console', (message) => void (['error', 'warning'].includes(message.type()) && complaints.push(message.text())))
    page.on('pageerror', (error) => void complaints.push(error.message))
    page.on('request', (request) => void (request.url().startsWith(api.url) || complaints.push(request.url())))
    await page.goto(`${api.url}/`)
    await use(page)
    await page.close()
    await api.close()
  }
})

describe.skipIf(absent)('the page', () => {
  beforeAll(async () => {
    const build = join(import.meta.dirname, '..', '..', 'apps', 'dashboard', 'build.js')
    pageDir = (await promisify(execFile)(process.execPath, [build])).stdout.trim()
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] })
  })
  afterAll(() => browser?.close())

  test('shows how an operation goes on, and its chunks', async ({ page, stores, complaints }) => {
    const operation = await aPublishedOperation(stores, { ...remapping, chunks: 4, records: 10 })
    const [first, second] = await claimAll(stores, operation, 'worker-7')
    if (first === undefined || second === undefined) throw new Error('two chunks were expected')
    await stores.chunks.count(first, mappedTally(first))
    const card = page.getByRole('article', { name: 'Authorities from the stored records' })
    await card.getByText('10 of 40 mapped').waitFor()
    const bar = card.getByRole('progressbar')
    expect(await bar.getAttribute('aria-valuenow')).toBe('25')

    await card.getByRole('button', { name: 'Details' }).click()
    await card.getByText('1 done').waitFor()
    await card.getByText('3 in work').waitFor()
    await stores.chunks.count(second, mappedTally(second, 8, 2))
    await card.getByText('2 rejected').waitFor()
    expect(complaints).toEqual([])
  })

  test('takes the user’s word: pause, resume, cancel after asking', async ({ page, stores, complaints }) => {
    const operation = await aPublishedOperation(stores, remapping)
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Paused', { exact: true }).waitFor()
    expect(await reread(stores, operation)).toMatchObject({ control: 'pause' })
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByText('Mapping', { exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect((await reread(stores, operation)).status).toBe('DATA_MAPPING')
    await page.getByRole('button', { name: 'Really cancel?' }).click()
    await page.getByText('Cancelled', { exact: true }).waitFor()
    expect(complaints).toEqual([])
  })

  test('says that rejected records are no failure, and offers to repeat them', async ({ page, stores }) => {
    const operation = await aRejectingOperation(stores)
    await page.getByText('Finished, 1 rejected').waitFor()
    await page.getByRole('button', { name: 'Retry what failed' }).click()
    await page.getByText('What failed is being done again').waitFor()
    expect((await reread(stores, operation)).status).toBe('DATA_MAPPING')
  })

  test('uploads a file and starts a migration of it', async ({ page, stores, complaints }) => {
    const form = page.getByRole('region', { name: 'Start a migration' })
    const file = { name: 'My names.mrc', mimeType: 'application/marc', buffer: Buffer.from(RECORD.repeat(100)) }
    await form.getByLabel('File of MARC records').setInputFiles(file)
    await form.getByRole('button', { name: 'Upload and start' }).click()
    await page.getByRole('article', { name: 'Authorities from My-names.mrc' }).waitFor()
    const { operations } = await stores.operations.list('diku', { offset: 0, limit: 10 })
    expect(operations).toMatchObject([{ operationType: 'import', source: { name: 'My-names.mrc', format: 'iso2709' } }])
    expect(complaints).toEqual([])
  })

  test('tells why a file is refused', async ({ page }) => {
    const form = page.getByRole('region', { name: 'Start a migration' })
    const file = { name: 'picture.png', mimeType: 'image/png', buffer: Buffer.from('\x89PNG nothing like it') }
    await form.getByLabel('File of MARC records').setInputFiles(file)
    await form.getByRole('button', { name: 'Upload and start' }).click()
    await page.getByText("The file 'picture.png' cannot be read as MARC").waitFor()
  })

  test('asks for the tenant that was named, and shows nothing of another', async ({ page, stores }) => {
    await aPublishedOperation(stores, remapping)
    await page.getByRole('article').waitFor()
    await page.getByLabel('Tenant').fill('college')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await page.getByText('No migration yet.').waitFor()
    await page.getByLabel('Tenant').fill('nobody')
    await page.getByLabel('Tenant').press('Enter')
    await page.getByRole('alert').getByText('This tenant is not enabled here').waitFor()
  })

  test('can be used without a mouse and read without eyes: every control has a name', async ({ page, stores }) => {
    await aPublishedOperation(stores, remapping)
    await page.getByRole('button', { name: 'Details' }).press('Enter')
    await page.getByText('Not split', { exact: false }).or(page.getByText('chunks:')).first().waitFor()
    const unnamed = await page.evaluate(unnamedControls)
    expect(unnamed).toEqual([])
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
    await page.keyboard.press('Tab')
  })
})

/** Runs in the browser: the controls that neither a label, nor their text, nor an attribute names. */
const unnamedControls = `[...document.querySelectorAll('button, input, select, a, [role=progressbar]')]
  .filter((it) => !(it.getAttribute('aria-label') || it.textContent.trim() || it.labels?.[0]?.textContent.trim()))
  .map((it) => it.outerHTML)`
