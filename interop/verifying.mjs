// The published relying party of did-auth-siop: asks with a DID, by value or by reference, and verifies what comes.

import { SignJWT, calculateJwkThumbprint, compactDecrypt, decodeJwt, exportJWK, generateKeyPair, importJWK, jwtVerify } from 'jose'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

import { hasher } from './presenting.mjs'

const body = async (request) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
}

/** The holder's signature, for this nonce and audience; the issuer is the service's business. */
async function holderSigned(presentation, { nonce, audience }) {
  const at = presentation.lastIndexOf('~') + 1
  const { cnf } = decodeJwt(presentation.split('~')[0])
  const key = await importJWK(cnf.jwk, 'ES256')
  const { payload } = await jwtVerify(presentation.slice(at), key, { audience, typ: 'kb+jwt' })
  const sd_hash = createHash('sha256').update(presentation.slice(0, at)).digest('base64url')
  if (payload.nonce !== nonce || payload.sd_hash !== sd_hash) throw new Error('signed for something else')
}

/** The holder's signature under an ID token, by the key that its subject names. */
async function selfSigned({ raw, payload, nonce, audience }) {
  const [, method, encoded] = payload.sub.split(':')
  const jwk = method === 'jwk' ? JSON.parse(Buffer.from(encoded, 'base64url')) : payload.sub_jwk
  const thumbprint = `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${await calculateJwkThumbprint(jwk)}`
  if (method !== 'jwk' && payload.sub !== thumbprint) throw new Error('the subject is another key')
  await jwtVerify(raw, await importJWK(jwk, 'ES256'), { audience, issuer: payload.sub })
  if (payload.nonce !== nonce) throw new Error('an ID token for something else')
}

/** A relying party that asks once. `query`: { dcql } or { definition }; `idToken`: for an ID token, too. */
export async function startVerifier(generation, { query, by, mode = 'direct_post', idToken = false }) {
  const { siop } = generation
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)) }
  const did = `did:jwk:${Buffer.from(JSON.stringify(jwk)).toString('base64url')}`
  const enc = await generateKeyPair('ECDH-ES', { extractable: true, crv: 'P-256' })
  const encJwk = { ...(await exportJWK(enc.publicKey)), use: 'enc', alg: 'ECDH-ES' }
  encJwk.kid = await calculateJwkThumbprint(encJwk)

  let served
  let settle
  const result = new Promise((resolve, reject) => (settle = { resolve, reject }))
  result.catch(() => {})
  const server = createServer(async (request, response) => {
    const reply = (status, type, text) => response.writeHead(status, { 'content-type': type }).end(text)
    try {
      if (request.method === 'GET') return reply(200, 'application/oauth-authz-req+jwt', served)
      const posted = await take(await body(request))
      settle.resolve(posted)
      reply(200, 'application/json', '{}')
    } catch (error) {
      settle.reject(error)
      reply(400, 'application/json', JSON.stringify({ error: 'invalid_request', error_description: String(error.message) }))
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${server.address().port}`
  const clientId = generation.did(did)
  const [state, nonce] = ['state-of-the-request', `nonce-${Date.now()}`]

  const types = idToken ? 'vp_token id_token' : siop.ResponseType.VP_TOKEN
  const builder = siop.RP.builder({ requestVersion: generation.version })
    .withClientId(clientId, [siop.PropertyTarget.REQUEST_OBJECT, siop.PropertyTarget.AUTHORIZATION_REQUEST])
    .withResponseType(types, siop.PropertyTarget.REQUEST_OBJECT)
    .withResponseUri(`${origin}/response`, siop.PropertyTarget.REQUEST_OBJECT)
    .withResponseMode(mode, siop.PropertyTarget.REQUEST_OBJECT)
    .withAudience(siop.RequestAud.SELF_ISSUED_V2, siop.PropertyTarget.REQUEST_OBJECT)
    .withHasher(hasher)
    .withSupportedVersions([generation.version])
    .withRevocationVerification(siop.RevocationVerification.NEVER)
    .withClientMetadata({
      passBy: siop.PassBy.VALUE,
      responseTypesSupported: idToken ? [siop.ResponseType.VP_TOKEN, siop.ResponseType.ID_TOKEN] : [siop.ResponseType.VP_TOKEN],
      subject_syntax_types_supported: [idToken === 'thumbprint' ? 'urn:ietf:params:oauth:jwk-thumbprint' : 'did:jwk'],
      ...(idToken && { id_token_signed_response_alg: 'ES256' }),
      ...(mode === 'direct_post.jwt' && {
        jwks: { keys: [encJwk] },
        authorization_encrypted_response_alg: 'ECDH-ES',
        authorization_encrypted_response_enc: 'A256GCM',
      }),
    })
    .withCreateJwtCallback(async (_issuer, { header, payload }) =>
      new SignJWT(payload).setProtectedHeader({ ...header, alg: 'ES256', kid: `${did}#0` }).sign(privateKey),
    )
    .withVerifyJwtCallback(async (_verifier, { raw, payload }) => {
      if (idToken) await selfSigned({ raw, payload, nonce, audience: clientId })
      return true
    })
    .withPresentationVerification(async (presentation) => {
      const text = typeof presentation === 'string' ? presentation : presentation.compactSdJwtVc
      await holderSigned(text, { nonce, audience: clientId })
      return { verified: true }
    })
  if (generation.siop.PropertyTarget && builder.withClientIdScheme) builder.withClientIdScheme('did', siop.PropertyTarget.REQUEST_OBJECT)
  if (by === 'reference') builder.withRequestByReference(`${origin}/request`)
  else builder.withRequestByValue()
  if (query.definition) builder.withPresentationDefinition({ definition: query.definition }, siop.PropertyTarget.REQUEST_OBJECT)
  else builder.withDcqlQuery(generation.version < 1000 ? JSON.stringify(query.dcql) : query.dcql, siop.PropertyTarget.REQUEST_OBJECT)
  if (idToken) builder.withScope('openid', siop.PropertyTarget.REQUEST_OBJECT)
  const rp = builder.build()

  const opts = {
    correlationId: 'one',
    nonce: { propertyValue: nonce, targets: siop.PropertyTarget.REQUEST_OBJECT },
    state: { propertyValue: state, targets: siop.PropertyTarget.REQUEST_OBJECT },
    jwtIssuer: { method: 'did', didUrl: `${did}#0`, alg: 'ES256' },
  }
  const request = await rp.createAuthorizationRequest(opts)
  served = await request.requestObjectJwt()
  const payload = decodeJwt(served)
  const link = (await rp.createAuthorizationRequestURI(opts)).encodedUri
  // Each call makes a request object of its own; the one that is in the link, or served, is what counts.
  async function take(form) {
    let answer = form
    if (mode === 'direct_post.jwt') {
      const { authResponseParams } = await siop.RP.processJarmAuthorizationResponse(form.response, {
        hasher,
        getAuthRequestPayload: async () => ({ authRequestParams: payload }),
        decryptCompact: async ({ jwe }) => {
          const { plaintext, protectedHeader } = await compactDecrypt(jwe, enc.privateKey)
          return { plaintext: new TextDecoder().decode(plaintext), protectedHeader }
        },
      })
      answer = authResponseParams
    } else if (answer.presentation_submission) {
      answer = { ...answer, presentation_submission: JSON.parse(answer.presentation_submission) }
    }
    const expected = query.definition
      ? { presentationDefinitions: [{ definition: query.definition, location: 'presentation_definition' }] }
      : { dcqlQuery: query.dcql }
    return rp.verifyAuthorizationResponse(answer, { ...opts, nonce, state, audience: clientId, ...expected })
  }
  return { link, did, result, stop: () => new Promise((resolve) => server.close(resolve)) }
}

