// The published wallets, each driven the way its README says.

import * as draft13 from 'client-draft13'
import * as draft15 from 'client-draft15'
import { SignJWT, calculateJwkThumbprint, decodeJwt, exportJWK, generateKeyPair } from 'jose'
import { createHash } from 'node:crypto'

import { agree } from './browser.mjs'
import { CALLBACK } from './service.mjs'

export const WALLETS = {
  draft13: {
    name: '@sphereon/oid4vci-client 0.19.0',
    Client: draft13.OpenID4VCIClientV1_0_13,
    dialect: 'draft13',
    sdJwtVc: 'vc+sd-jwt',
    ask: (offered) => ({ credentialTypes: offered.types }),
    credential: (response) => response.credential,
  },
  draft15: {
    name: '@sphereon/oid4vci-client 0.20.1',
    Client: draft15.OpenID4VCIClientV1_0_15,
    dialect: 'draft15',
    sdJwtVc: 'dc+sd-jwt',
    ask: (offered) => ({ credentialConfigurationId: offered.id, credentialTypes: offered.types }),
    credential: (response) => response.credentials?.[0]?.credential,
  },
}

/** A key of the holder, and the callback that proves it. */
async function holder() {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256' }
  const signCallback = async (jwt) => {
    const { kid, ...header } = jwt.header
    return new SignJWT(jwt.payload).setProtectedHeader({ ...header, alg: 'ES256', jwk }).sign(privateKey)
  }
  return { jwk, privateKey, signCallback }
}

async function begin(wallet, uri, more = {}) {
  return wallet.Client.fromURI({ uri, clientId: undefined, retrieveServerMetadata: true, ...more })
}

async function fetchCredential(wallet, client, offered) {
  const { jwk, privateKey, signCallback } = await holder()
  const response = await client.acquireCredentials({
    ...wallet.ask(offered),
    proofCallbacks: { signCallback },
    format: offered.format,
    alg: 'ES256',
    jwk,
  })
  return { credential: wallet.credential(response), jwk, privateKey }
}

export async function byPreAuthorizedCode(wallet, uri, offered, pin) {
  const client = await begin(wallet, uri)
  await client.acquireAccessToken({ pin })
  return { client, ...(await fetchCredential(wallet, client, offered)) }
}

/** Without a scope the wallets ask by authorization_details. */
export async function byAuthorizationCode(wallet, uri, offered, by) {
  const scope = by === 'scope' ? offered.id : undefined
  const authorizationRequest = { redirectUri: CALLBACK, scope, clientId: 'interop' }
  const pkce = { codeChallengeMethod: 'S256' }
  const client = await begin(wallet, uri, {
    clientId: 'interop',
    authorizationRequest,
    pkce,
    createAuthorizationRequestURL: false,
  })
  const request = await client.createAuthorizationRequestUrl({ authorizationRequest, pkce })
  const code = new URL(await agree(request)).searchParams.get('code')
  await client.acquireAccessToken({ code, redirectUri: CALLBACK })
  return { client, ...(await fetchCredential(wallet, client, offered)) }
}

/** What an SD-JWT VC says, once every disclosure is found in it; and the thumbprint of the key that it is bound to. */
export async function read(credential) {
  const [jwt, ...disclosures] = credential.split('~').filter(Boolean)
  const claims = decodeJwt(jwt)
  for (const disclosure of disclosures) {
    const digest = createHash('sha256').update(disclosure).digest('base64url')
    const [, name, value] = JSON.parse(Buffer.from(disclosure, 'base64url').toString())
    if (claims._sd?.includes(digest)) claims[name] = value
  }
  return { claims, boundTo: await calculateJwkThumbprint(claims.cnf.jwk) }
}

export { calculateJwkThumbprint as thumbprint }
