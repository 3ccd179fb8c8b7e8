// ID tokens beside presentations (SIOPv2): published wallets against our verifier, and our wallet against the published
// relying party. What the packages can't do is a check, too: it says when they can.

import assert from 'node:assert/strict'
import { exportJWK, generateKeyPair } from 'jose'

import { GENERATIONS, answer } from './presenting.mjs'
import { PERSON } from './service.mjs'
import { startVerifier } from './verifying.mjs'

/** What our verifier asks each of the wallets. */
const REQUESTS = {
  draft20: [
    ['Presentation Exchange, by value', { dialect: 'draft20', client_id_prefix: 'redirect_uri', response_mode: 'direct_post' }],
    ['DCQL as text, by reference', { dialect: 'draft20', query_language: 'dcql', client_id_prefix: 'x509_san_dns', response_mode: 'direct_post' }],
  ],
  final: [['DCQL, by reference', { response_mode: 'direct_post' }]],
}

/** Somebody who signs ID tokens, known by a DID or by the thumbprint of the key. */
async function somebody(kind, mended) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const did = `did:jwk:${Buffer.from(JSON.stringify(jwk)).toString('base64url')}`
  if (kind === 'thumbprint') return { privateKey, mended, options: { jwtIssuer: { method: 'jwk', alg: 'ES256', jwk } } }
  const options = { issuer: did, jwtIssuer: { method: 'did', didUrl: `${did}#0`, alg: 'ES256' } }
  return { did, privateKey, mended, options }
}

/** Their wallet at our verifier. */
export async function theirsSignsIn(check, key, service, held, query) {
  const generation = GENERATIONS[key]
  for (const [name, request] of REQUESTS[key]) {
    const ask = () => service.ask({ dcql_query: query, id_token: true, ...request })
    const at = `${generation.name} as wallet, ID token and ${name}`
    await check(`${at}: a DID, with the present time in iat`, async () => {
      const [{ id, uri }, subject] = [await ask(), await somebody('did', true)]
      await answer(generation, uri, held, ['given_name', 'family_name'], subject)
      const answered = await service.answered(id)
      assert.equal(answered.state, 'verified')
      assert.equal(answered.subject.sub, subject.did)
      assert.equal(answered.presentations[0].claims.given_name, PERSON.given_name)
    })
    await check(`${at}: refused with the iat of the package, which is of long ago`, async () => {
      const { id, uri } = await ask()
      await assert.rejects(answer(generation, uri, held, ['given_name', 'family_name'], await somebody('did', false)))
      assert.equal((await service.answered(id)).refusal, 'siop.id-token.iat')
    })
    await check(`${at}: a thumbprint, which the package refuses in its own token`, async () => {
      const { id, uri } = await ask()
      const subject = await somebody('thumbprint', true)
      await assert.rejects(answer(generation, uri, held, ['given_name', 'family_name'], subject), /MUST start with/)
      assert.notEqual((await service.answered(id)).state, 'verified')
    })
  }
}

/** What comes of it, by who is known how: an answer, or why there is none. */
const AT_RELYING_PARTIES = {
  draft20: {
    did: undefined,
    thumbprint: ['which the package takes for no ID token of its own kind', /MUST start with https:\/\/self-isued\.me/],
  },
  // It takes `openid` out of what it sends, without which no ID token is asked for.
  final: {
    did: ['which the package asks for without the scope openid', /scope does not have openid/],
    thumbprint: ['which the package asks for without the scope openid', /scope does not have openid/],
  },
}

/** Our wallet at their relying party. */
export async function oursSignsIn(check, key, wallet, query) {
  const generation = GENERATIONS[key]
  for (const [idToken, fault] of Object.entries(AT_RELYING_PARTIES[key])) {
    const [why, told] = fault ?? []
    const name = `${generation.name} as relying party: ID token by ${idToken} and presentation`
    await check(why ? `${name}, ${why}` : name, async () => {
      const verifier = await startVerifier(generation, { query, by: 'reference', idToken })
      try {
        const answered = wallet.run('present', verifier.link, '--yes', '--allow-unknown')
        if (told) return await assert.rejects(answered, told)
        await answered
        const verified = await verifier.result
        assert.match(verified.idToken.payload.sub, /^did:/)
        const shown = JSON.stringify(verified.oid4vpSubmission ?? verified.oid4vpSubmissionDcql)
        assert.match(shown, new RegExp(PERSON.family_name))
      } finally {
        await verifier.stop()
      }
    })
  }
}
