// Presentations: published wallets against our verifier, and our wallet against the published relying party.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { GENERATIONS, answer } from './presenting.mjs'
import { BINARY, PERSON, startService } from './service.mjs'
import { oursSignsIn, theirsSignsIn } from './signing-in.mjs'
import { startVerifier } from './verifying.mjs'
import { WALLETS, byPreAuthorizedCode } from './wallets.mjs'

const VCT = 'urn:eudi:pid:1'
const asked = (format) => ({
  credentials: [
    { id: 'pid', format, meta: { vct_values: [VCT] }, claims: [{ path: ['given_name'] }, { path: ['family_name'] }] },
  ],
})

/** What our verifier asks each of the wallets. */
const REQUESTS = {
  draft20: [
    ['Presentation Exchange, by value', { dialect: 'draft20', client_id_prefix: 'redirect_uri', response_mode: 'direct_post' }],
    ['Presentation Exchange, by reference', { dialect: 'draft20', client_id_prefix: 'x509_san_dns', response_mode: 'direct_post' }],
    ['Presentation Exchange, encrypted', { dialect: 'draft20', client_id_prefix: 'x509_san_dns', response_mode: 'direct_post.jwt' }],
    ['DCQL as text, by reference', { dialect: 'draft20', query_language: 'dcql', client_id_prefix: 'x509_san_dns', response_mode: 'direct_post' }],
    ['DCQL as text, encrypted', { dialect: 'draft20', query_language: 'dcql', client_id_prefix: 'x509_san_dns', response_mode: 'direct_post.jwt' }],
  ],
  final: [
    ['DCQL, by reference', { response_mode: 'direct_post' }],
    ['DCQL by the dialect of draft 24, encrypted', { dialect: 'draft24', query_language: 'dcql', client_id_prefix: 'x509_san_dns', response_mode: 'direct_post.jwt' }],
  ],
}

const field = (name) => ({ path: [`$.${name}`] })
const definition = (more = []) => ({
  id: 'a-person',
  input_descriptors: [
    {
      id: 'pid',
      format: { 'vc+sd-jwt': { 'sd-jwt_alg_values': ['ES256'], 'kb-jwt_alg_values': ['ES256'] } },
      constraints: {
        limit_disclosure: 'required',
        fields: [
          { path: ['$.vct'], filter: { type: 'string', pattern: '^urn:eudi:pid:' } },
          field('given_name'),
          field('family_name'),
          ...more,
        ],
      },
    },
  ],
})

/** What the relying party asks our wallet. */
const QUERIES = {
  draft20: [
    ['Presentation Exchange', { query: { definition: definition() } }],
    ['Presentation Exchange, encrypted', { query: { definition: definition() }, mode: 'direct_post.jwt' }],
    ['DCQL as text', { query: { dcql: asked('vc+sd-jwt') } }],
    ['DCQL as text, encrypted', { query: { dcql: asked('vc+sd-jwt') }, mode: 'direct_post.jwt' }],
  ],
  final: [['DCQL', { query: { dcql: asked('dc+sd-jwt') } }]],
}

async function ourWallet(service) {
  const home = mkdtempSync(join(tmpdir(), 'credenza-wallet-'))
  const run = async (...words) => {
    const all = ['--json', 'wallet', '--home', home, '--earlier-drafts', ...words]
    return promisify(execFile)(BINARY, all, { encoding: 'utf8' }).catch((error) => {
      throw new Error(`credenza ${all.join(' ').slice(0, 160)}: ${error.stdout}${error.stderr}`)
    })
  }
  await run('accept', (await service.offer()).uri, '--yes')
  return { run, remove: () => rmSync(home, { recursive: true, force: true }) }
}

export async function presentations(check) {
  for (const [key, generation] of Object.entries(GENERATIONS)) {
    const issuing = key === 'draft20' ? WALLETS.draft13 : WALLETS.draft15
    const service = await startService({ dialects: [issuing.dialect], host: 'localhost' })
    try {
      const offered = { id: 'pid', types: [VCT], format: issuing.sdJwtVc }
      const held = await byPreAuthorizedCode(issuing, (await service.offer()).uri, offered)
      for (const [name, request] of REQUESTS[key]) {
        const ask = () => service.ask({ dcql_query: asked('dc+sd-jwt'), ...request })
        await check(`${generation.name} as wallet: ${name}`, async () => {
          const { id, uri } = await ask()
          await answer(generation, uri, held, ['given_name', 'family_name'])
          const { state, presentations } = await service.answered(id)
          assert.equal(state, 'verified')
          assert.equal(presentations[0].claims.given_name, PERSON.given_name)
          assert.equal(presentations[0].claims.birthdate, undefined)
        })
        await check(`${generation.name} as wallet: ${name}, and less than asked for is refused`, async () => {
          const { id, uri } = await ask()
          await assert.rejects(answer(generation, uri, held, ['given_name']))
          assert.notEqual((await service.answered(id)).state, 'verified')
        })
      }
      await theirsSignsIn(check, key, service, held, asked('dc+sd-jwt'))
    } finally {
      await service.stop()
    }
    const issuer = await startService({ dialects: [] })
    const wallet = await ourWallet(issuer)
    try {
      for (const [name, request] of QUERIES[key]) {
        for (const by of ['value', 'reference']) {
          await check(`${generation.name} as relying party: ${name}, by ${by}`, async () => {
            const verifier = await startVerifier(generation, { ...request, by })
            try {
              await wallet.run('present', verifier.link, '--yes', '--allow-unknown')
              const verified = await verifier.result
              const shown = JSON.stringify(verified.oid4vpSubmission ?? verified.oid4vpSubmissionDcql)
              assert.match(shown, new RegExp(PERSON.family_name))
              assert.doesNotMatch(shown, new RegExp(PERSON.birthdate))
            } finally {
              await verifier.stop()
            }
          })
        }
      }
      await oursSignsIn(check, key, wallet, QUERIES[key][0][1].query)
    } finally {
      wallet.remove()
      await issuer.stop()
    }
  }
}
