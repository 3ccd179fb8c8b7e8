// Published wallets against a running Credenza: every flow that they can do. One line for each, and the sum.

import assert from 'node:assert/strict'

import { presentations } from './presentations.mjs'
import { receiving } from './receiving.mjs'
import { PERSON, startService } from './service.mjs'
import { WALLETS, byAuthorizationCode, byPreAuthorizedCode, read, thumbprint } from './wallets.mjs'

const VCT = 'urn:eudi:pid:1'
let [passed, failed] = [0, 0]

async function check(name, work) {
  try {
    await work()
    passed += 1
    console.log(`ok      ${name}`)
  } catch (error) {
    failed += 1
    console.log(`FAILED  ${name}\n        ${error.stack ?? error}`)
  }
}

async function isTheCredential({ credential, jwk }) {
  assert.equal(typeof credential, 'string')
  const { claims, boundTo } = await read(credential)
  assert.equal(claims.vct, VCT)
  assert.equal(claims.given_name, PERSON.given_name)
  assert.equal(claims.family_name, PERSON.family_name)
  assert.equal(boundTo, await thumbprint(jwk))
}

for (const wallet of Object.values(WALLETS)) {
  for (const path of ['', '/issuer']) {
    const service = await startService({ dialects: [wallet.dialect], path })
    const offered = { id: 'pid', types: [VCT], format: wallet.sdJwtVc }
    const at = `${wallet.name}, issuer ${path ? 'with' : 'without'} a path`
    try {
      for (const delivery of ['by_value', 'by_reference']) {
        await check(`${at}: pre-authorized code, offer ${delivery}`, async () => {
          const offer = await service.offer({ delivery })
          await isTheCredential(await byPreAuthorizedCode(wallet, offer.uri, offered))
          assert.equal(await service.state(offer.id), 'issued')
        })
      }
      await check(`${at}: pre-authorized code with a transaction code`, async () => {
        const offer = await service.offer({ tx_code: true })
        await isTheCredential(await byPreAuthorizedCode(wallet, offer.uri, offered, offer.tx_code))
      })
      await check(`${at}: a wrong transaction code gets nothing`, async () => {
        const offer = await service.offer({ tx_code: true })
        const wrong = offer.tx_code.replace(/./g, (digit) => (Number(digit) + 1) % 10)
        await assert.rejects(byPreAuthorizedCode(wallet, offer.uri, offered, wrong))
        assert.notEqual(await service.state(offer.id), 'issued')
      })
      await check(`${at}: an offer is good once`, async () => {
        const offer = await service.offer()
        await byPreAuthorizedCode(wallet, offer.uri, offered)
        await assert.rejects(byPreAuthorizedCode(wallet, offer.uri, offered))
      })
      for (const by of ['scope', 'authorization_details']) {
        await check(`${at}: authorization code by ${by}, with a person at the pages`, async () => {
          const offer = await service.offer({ grants: 'authorization_code' })
          await isTheCredential(await byAuthorizationCode(wallet, offer.uri, offered, by))
          assert.equal(await service.state(offer.id), 'issued')
        })
      }
    } finally {
      await service.stop()
    }
  }
}

await presentations(check)
await receiving(check)

console.log(`test result: ${failed ? 'FAILED' : 'ok'}. ${passed} passed; ${failed} failed`)
process.exit(failed ? 1 : 0)
