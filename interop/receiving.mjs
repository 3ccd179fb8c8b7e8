// Our wallet, in the terminal, receives from the published issuers: every flow and format that they can do.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { ISSUERS, startIssuer } from './issuers.mjs'
import { BINARY, PERSON } from './service.mjs'

/** A wallet that trusts these roots: what it says of an offer. */
async function startWallet(roots) {
  const home = mkdtempSync(join(tmpdir(), 'credenza-interop-'))
  const wallet = async (...words) => {
    const run = promisify(execFile)(BINARY, ['--json', 'wallet', '--home', home, ...words])
    const { stdout } = await run.catch((error) => error)
    return JSON.parse(stdout)
  }
  for (const root of roots) await wallet('trust', 'add', root)
  return {
    accept: (offer, tx_code = offer.tx_code) =>
      wallet('accept', offer.uri, '--yes', ...(tx_code ? ['--tx-code', tx_code] : [])),
    end: () => rmSync(home, { recursive: true, force: true }),
  }
}

function said(card) {
  return Object.fromEntries(card.claims.map(({ label, value }) => [label, value]))
}

export async function receiving(check) {
  for (const [generation, { name, format }] of Object.entries(ISSUERS)) {
    for (const path of ['', '/issuer']) {
      const issuer = await startIssuer(generation, { path })
      const at = `our wallet at ${name}, ${path ? 'with' : 'without'} a path`
      const holding = async (roots, work) => {
        const wallet = await startWallet(roots)
        await work(wallet).finally(wallet.end)
      }
      const receive = (how, kind, expected) =>
        holding(issuer.roots, async (wallet) => {
          const { credentials } = await wallet.accept(await issuer.offer(how))
          assert.equal(credentials?.length, 1)
          assert.ok(credentials[0].kind.startsWith(`${kind} · `), credentials[0].kind)
          const claims = said(credentials[0])
          for (const [label, value] of Object.entries(expected)) assert.equal(claims[label], value)
        })
      const person = { 'Given name': PERSON.given_name, 'Family name': PERSON.family_name }
      try {
        await check(`${at}: SD-JWT VC, offer by value`, () => receive({}, format, person))
        await check(`${at}: SD-JWT VC, offer by reference`, () => receive({ by_reference: true }, format, person))
        await check(`${at}: SD-JWT VC, transaction code`, () => receive({ tx_code: true }, format, person))
        await check(`${at}: W3C credential as a JWT`, () =>
          receive({ type: 'degree' }, 'jwt_vc_json', { Degree: 'Magister' }))
        await check(`${at}: mdoc`, () => receive({ type: 'mdl' }, 'mso_mdoc', person))
        await check(`${at}: a wrong transaction code gets nothing`, () =>
          holding(issuer.roots, async (wallet) => {
            const offer = await issuer.offer({ tx_code: true })
            const wrong = offer.tx_code.replace(/./g, (digit) => (Number(digit) + 1) % 10)
            assert.equal((await wallet.accept(offer, wrong)).code, 'invalid_grant')
          }))
        await check(`${at}: a credential for another's key is refused`, () =>
          holding(issuer.roots, async (wallet) => {
            issuer.goAstray()
            assert.equal((await wallet.accept(await issuer.offer())).code, 'vci.received.key')
          }))
      } finally {
        await issuer.stop()
      }
    }
  }
}
