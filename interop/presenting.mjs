// The published wallets of did-auth-siop: a request is opened, answered with an SD-JWT VC, and sent.

import * as draft20 from 'siop-draft20'
import * as final from 'siop-final'
import { CompactEncrypt, SignJWT, decodeJwt, importJWK } from 'jose'
import { createHash } from 'node:crypto'

export const GENERATIONS = {
  draft20: {
    name: '@sphereon/did-auth-siop 0.19.0',
    siop: draft20,
    version: draft20.SupportedVersion.SIOPv2_D12_OID4VP_D20,
    dcql: (presentation) => ({ pid: presentation }),
    did: (did) => did,
  },
  final: {
    name: '@sphereon/did-auth-siop 0.20.1',
    siop: final,
    version: final.SupportedVersion.OID4VP_v1,
    dcql: (presentation) => ({ pid: [presentation] }),
    did: (did) => `decentralized_identifier:${did}`,
  },
}

export const hasher = (data, algorithm) =>
  createHash(algorithm.replace('-', '').toLowerCase()).update(typeof data === 'string' ? data : Buffer.from(data)).digest()

/** What of a credential is shown, signed by its holder for this verifier. */
async function present({ credential, privateKey }, shown, { audience, nonce }) {
  const [jwt, ...disclosures] = credential.split('~').filter(Boolean)
  const name = (disclosure) => JSON.parse(Buffer.from(disclosure, 'base64url').toString())[1]
  const kept = [jwt, ...disclosures.filter((disclosure) => shown.includes(name(disclosure)))].join('~') + '~'
  const sd_hash = createHash('sha256').update(kept).digest('base64url')
  const binding = new SignJWT({ nonce, aud: audience, iat: Math.floor(Date.now() / 1000), sd_hash })
  return kept + (await binding.setProtectedHeader({ alg: 'ES256', typ: 'kb+jwt' }).sign(privateKey))
}

async function encrypt({ requestObjectPayload, authorizationResponsePayload, clientMetadata }) {
  const jwk = clientMetadata.jwks.keys.find((key) => key.use === 'enc')
  const enc =
    clientMetadata.authorization_encrypted_response_enc ?? clientMetadata.encrypted_response_enc_values_supported[0]
  const content = new TextEncoder().encode(JSON.stringify(authorizationResponsePayload))
  const header = { alg: jwk.alg ?? 'ECDH-ES', enc, kid: jwk.kid }
  const key = await importJWK(jwk, 'ECDH-ES')
  return { response: await new CompactEncrypt(content).setProtectedHeader(header).encrypt(key) }
}

/**
 * Signs what the package hands over for an ID token, as its holder. Its `iat` lies 60,000 seconds in the past:
 * `Date.now() / 1000 - 60 * 1000`; `mended` is what an integrator can do about it.
 */
const idTokenSigner =
  ({ did, privateKey, mended }) =>
  async (_issuer, { header, payload }) =>
    new SignJWT({ ...payload, ...(mended && { iat: Math.floor(Date.now() / 1000) }) })
      .setProtectedHeader({ ...header, alg: 'ES256', ...(did && { kid: `${did}#0` }) })
      .sign(privateKey)

/**
 * Answers a request with a credential, as `OP` does it. What is shown of it, by name; and `subject`, whoever signs the
 * ID token where one is asked for.
 */
export async function answer(generation, link, held, shown, subject) {
  const { siop, version } = generation
  const op = siop.OP.builder()
    .withIssuer('https://self-issued.me/v2')
    .withExpiresIn(600)
    .withHasher(hasher)
    .withSupportedVersions([version])
    .withVerifyJwtCallback(async () => true)
    .withCreateJwtCallback(
      subject
        ? idTokenSigner(subject)
        : async () => {
            throw new Error('nothing but presentations is asked for')
          },
    )
    .build()
  const verified = await op.verifyAuthorizationRequest(link)
  const { client_id: audience, nonce } = await verified.authorizationRequest.mergedPayloads()
  const presentation = await present(held, shown, { audience, nonce })
  const definition = verified.presentationDefinitions?.[0]?.definition
  const opts = definition
    ? {
        presentationExchange: {
          verifiablePresentations: [presentation],
          vpTokenLocation: siop.VPTokenLocation.AUTHORIZATION_RESPONSE,
          presentationSubmission: {
            id: 'submission',
            definition_id: definition.id,
            descriptor_map: [{ id: definition.input_descriptors[0].id, format: 'vc+sd-jwt', path: '$' }],
          },
        },
      }
    : { dcqlResponse: { dcqlPresentation: generation.dcql(presentation) } }
  const response = await op.createAuthorizationResponse(verified, { version, ...subject?.options, ...opts })
  const sent = await op.submitAuthorizationResponse(response, encrypt)
  return { sent, definition, claims: decodeJwt(presentation.split('~')[0]) }
}
