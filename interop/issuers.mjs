// The published issuers, behind their own HTTP server, with a key and certificates of `credenza init`.

import { execFileSync } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SignJWT, decodeProtectedHeader, generateKeyPair, importJWK, jwtVerify } from 'jose'

import { BINARY, PERSON, freePort } from './service.mjs'

export const VCT = 'urn:eudi:pid:1'

// Of 0.19.0 only the CommonJS build of the server loads.
const require = createRequire(import.meta.url)

export const ISSUERS = {
  draft13: {
    name: '@sphereon/oid4vci-issuer-server 0.19.0',
    load: async () => ({ ...require('issuer-draft13'), ...require('server-draft13') }),
    express: () => require(require.resolve('@sphereon/ssi-express-support', { paths: [require.resolve('server-draft13')] })),
    format: 'vc+sd-jwt',
    nonceEndpoint: false,
  },
  draft15: {
    name: '@sphereon/oid4vci-issuer-server 0.20.1',
    load: async () => ({ ...(await import('issuer-draft15')), ...(await import('server-draft15')) }),
    express: () => require(require.resolve('@sphereon/ssi-express-support', { paths: [require.resolve('server-draft15')] })),
    format: 'dc+sd-jwt',
    nonceEndpoint: true,
  },
}

// The packages tell the console of each event, and what is in it.
for (const method of ['log', 'info', 'debug']) {
  const say = console[method]
  console[method] = (first, ...more) => String(first).includes('(sphereon:') || say(first, ...more)
}

/** An SD-JWT VC about the person, every claim its holder's to keep back. */
async function sdJwtVc({ issuer, key, x5c, format, holder }) {
  const disclosures = Object.entries(PERSON).map((claim) =>
    Buffer.from(JSON.stringify([randomBytes(16).toString('base64url'), ...claim])).toString('base64url'),
  )
  const _sd = disclosures.map((text) => createHash('sha256').update(text).digest('base64url')).sort()
  const now = Math.floor(Date.now() / 1000)
  const { kty, crv, x, y } = holder
  const claims = { iss: issuer, vct: VCT, iat: now, exp: now + 3600, cnf: { jwk: { kty, crv, x, y } }, _sd, _sd_alg: 'sha-256' }
  const jwt = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: format, x5c }).sign(key)
  return [jwt, ...disclosures, ''].join('~')
}

/** A W3C credential (data model 1.1) about the person, as a JWT. */
async function vcJwt({ issuer, key, x5c, holder }) {
  const now = Math.floor(Date.now() / 1000)
  const { kty, crv, x, y } = holder
  const subject = `did:jwk:${Buffer.from(JSON.stringify({ kty, crv, x, y })).toString('base64url')}`
  const vc = {
    '@context': ['https://www.w3.org/2018/credentials/v1'],
    type: ['VerifiableCredential', 'Degree'],
    credentialSubject: { id: subject, degree: 'Magister' },
  }
  const claims = { iss: issuer, sub: subject, nbf: now, exp: now + 3600, jti: `urn:uuid:${randomUUID()}`, cnf: { jwk: { kty, crv, x, y } }, vc }
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'JWT', x5c }).sign(key)
}

const MDL = 'org.iso.18013.5.1.mDL'
const NAMESPACE = 'org.iso.18013.5.1'

/** A driving licence: how an mdoc is made is none of the package's business, so that ours makes it. */
function mdoc({ folder, holder }) {
  const [claims, key] = [join(folder, 'claims.json'), join(folder, 'holder.json')]
  const { birthdate: birth_date, ...names } = PERSON
  writeFileSync(claims, JSON.stringify({ [NAMESPACE]: { ...names, birth_date } }))
  writeFileSync(key, JSON.stringify(holder))
  const from = ['--claims', claims, '--key', join(folder, 'keys/document-signer.jwk'), '--holder', key]
  const issue = ['issue', '--format', 'mso_mdoc', '--type', MDL, '--days', '30', ...from]
  return execFileSync(BINARY, issue, { encoding: 'utf8' }).trim()
}

/** Starts an issuer of this generation, below this path: its URL, the roots to trust, and offers of it. */
export async function startIssuer(generation, { path = '' } = {}) {
  const { load, express, format, nonceEndpoint } = ISSUERS[generation]
  const { AuthorizationServerMetadataBuilder, MemoryStates, OID4VCIServer, VcIssuerBuilder } = await load()
  const { ExpressBuilder } = express()
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const url = origin + path
  const folder = mkdtempSync(join(tmpdir(), 'credenza-interop-'))
  execFileSync(BINARY, ['--json', 'init', '--dir', folder, '--url', url, '--listen', new URL(origin).host])
  const jwk = JSON.parse(readFileSync(join(folder, 'keys/issuer.jwk'), 'utf8'))
  const key = await importJWK(jwk, 'ES256')
  const accessTokens = await generateKeyPair('ES256')
  let another

  const endpoint = (name) => `${url}/${name}`
  const server = new AuthorizationServerMetadataBuilder()
    .withIssuer(url)
    .withTokenEndpoint(endpoint('token'))
    .withGrantTypesSupported(['urn:ietf:params:oauth:grant-type:pre-authorized_code'])
    .withResponseTypesSupported(['code'])
    .withPreAuthorizedGrantAnonymousAccessSupported(true)
  const configuration = {
    format,
    vct: VCT,
    scope: 'pid',
    cryptographic_binding_methods_supported: ['jwk'],
    credential_signing_alg_values_supported: ['ES256'],
    proof_types_supported: { jwt: { proof_signing_alg_values_supported: ['ES256'] } },
    display: [{ name: 'Person', locale: 'en' }],
  }
  const degree = {
    ...configuration,
    format: 'jwt_vc_json',
    vct: undefined,
    scope: 'degree',
    credential_definition: { type: ['VerifiableCredential', 'Degree'] },
    display: [{ name: 'Degree', locale: 'en' }],
  }
  const mdl = {
    ...configuration,
    format: 'mso_mdoc',
    vct: undefined,
    scope: 'mdl',
    doctype: MDL,
    cryptographic_binding_methods_supported: ['cose_key'],
    display: [{ name: 'Driving licence', locale: 'en' }],
  }
  let builder = new VcIssuerBuilder()
    .withCredentialIssuer(url)
    .withAuthorizationMetadata(server.build())
    .withCredentialEndpoint(endpoint('credentials'))
    .withDefaultCredentialOfferBaseUri(endpoint('offers'))
    .withIssuerDisplay({ name: 'Another issuer', locale: 'en' })
    .withCredentialConfigurationsSupported({ pid: configuration, degree, mdl })
    .withCredentialOfferStateManager(new MemoryStates())
    .withCNonceStateManager(new MemoryStates())
    .withCredentialOfferURIStateManager(new MemoryStates())
    .withJWTVerifyCallback(async ({ jwt }) => {
      const header = decodeProtectedHeader(jwt)
      const { payload } = await jwtVerify(jwt, await importJWK(header.jwk, header.alg))
      return { alg: header.alg, jwk: header.jwk, jwt: { header, payload } }
    })
    .withCredentialDataSupplier(async ({ format, credentialRequest }) => {
      const wanted = format ?? credentialRequest.format
      // What is in the credential is decided by who signs it.
      const credential = wanted.endsWith('sd-jwt') ? { iss: url, vct: VCT } : { issuer: url, credentialSubject: {} }
      return { format: wanted, credential }
    })
    .withCredentialSignerCallback(async ({ format: wanted, credentialRequest, jwtVerifyResult }) => {
      const parts = { issuer: url, key, x5c: jwk.x5c, format, folder, holder: another ?? jwtVerifyResult.jwk }
      const make = { jwt_vc_json: vcJwt, mso_mdoc: mdoc }
      return (make[credentialRequest.format ?? wanted] ?? sdJwtVc)(parts)
    })
  if (nonceEndpoint) builder = builder.withNonceEndpoint(endpoint('nonce'))
  const issuer = builder.build()

  const support = ExpressBuilder.fromServerOpts({ port, hostname: '127.0.0.1' }).build({ startListening: false })
  const running = new OID4VCIServer(support, {
    issuer,
    baseUrl: url,
    endpointOpts: {
      tokenEndpointOpts: {
        accessTokenSignerCallback: async ({ header, payload }) =>
          new SignJWT(payload).setProtectedHeader({ ...header, alg: 'ES256' }).sign(accessTokens.privateKey),
        accessTokenVerificationCallback: async ({ jwt }) => {
          const { payload, protectedHeader } = await jwtVerify(jwt, accessTokens.publicKey)
          return { alg: 'ES256', jwt: { header: protectedHeader, payload } }
        },
        accessTokenIssuer: url,
        preAuthorizedCodeExpirationDuration: 600,
        tokenExpiresIn: 300,
      },
      ...(nonceEndpoint && { nonceOpts: { enabled: true, baseUrl: url } }),
    },
  })
  const { server: listening } = await Promise.resolve(support.start())

  return {
    url,
    roots: ['root', 'iaca'].map((name) => join(folder, `keys/${name}.pem`)),
    offer: async ({ type = 'pid', tx_code, by_reference } = {}) => {
      const grant = { 'pre-authorized_code': randomBytes(16).toString('base64url') }
      if (tx_code) grant.tx_code = { input_mode: 'numeric', length: 4 }
      const made = await issuer.createCredentialOfferURI({
        grants: { 'urn:ietf:params:oauth:grant-type:pre-authorized_code': grant },
        credential_configuration_ids: [type],
        ...(tx_code && { pinLength: 4 }),
        ...(by_reference && { offerMode: 'REFERENCE', credentialOfferUri: endpoint('credential-offers/:id') }),
      })
      return { uri: made.uri, tx_code: made.userPin ?? made.txCode?.value }
    },
    /** From now on credentials are bound to somebody else's key. */
    goAstray: () => {
      another = jwk
    },
    stop: async () => {
      await running.stop()
      listening?.close?.()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
