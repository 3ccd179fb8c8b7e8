// A Credenza service of its own: written by `credenza init`, run by `credenza serve`, asked through its REST API.

import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export const BINARY = process.env.CREDENZA ?? new URL('../target/debug/credenza', import.meta.url).pathname

export const PERSON = { given_name: 'Erika', family_name: 'Mustermann', birthdate: '1964-08-12' }
export const USER = { name: 'ada', password: 'lovelace' }
export const CALLBACK = 'http://127.0.0.1/callback'

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Starts a service that speaks these dialects, below this path. */
export async function startService({ dialects, path = '', host = '127.0.0.1' }) {
  const folder = mkdtempSync(join(tmpdir(), 'credenza-interop-'))
  const port = await freePort()
  const url = `http://${host}:${port}${path}`
  const listen = `127.0.0.1:${port}`
  const arguments_ = ['--json', 'init', '--dir', folder, '--url', url, '--listen', listen]
  const { admin_token: token } = JSON.parse(execFileSync(BINARY, arguments_, { encoding: 'utf8' }))
  const file = join(folder, 'credenza.toml')
  const text = readFileSync(file, 'utf8')
    .replace('sqlite:credenza.db', 'memory:')
    .replace('log = "info"', 'log = "warn"')
    .replace(/^\[issuer\]$/m, `[issuer]\ndialects = ${JSON.stringify(dialects)}`)
  writeFileSync(file, text)
  writeFileSync(join(folder, 'ada.json'), JSON.stringify({ pid: PERSON }))
  appendFileSync(
    file,
    `
[authorization]
[[authorization.clients]]
id = "interop"
redirect_uris = ["${CALLBACK}"]
[[authorization.users]]
name = "${USER.name}"
password_hash = "$argon2id$v=19$m=8,t=1,p=1$YSBzYWx0IGZvciB0ZXN0cw$GlaR+z5ljhAZUc8eMdd00Xevn7gg9mp0sEGv21jlVR4"
claims = "ada.json"
`,
  )
  const child = spawn(BINARY, ['serve', '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve)
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}`)))
  })

  async function api(method, path, body) {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }

  return {
    url,
    offer: (more = {}) => {
      const { type = 'pid', claims = PERSON, ...rest } = more
      return api('POST', '/offers', { credentials: [{ type, claims }], ...rest })
    },
    state: async (id) => (await api('GET', `/offers/${id}`)).state,
    ask: (request) => api('POST', '/presentations', request),
    answered: (id) => api('GET', `/presentations/${id}`),
    folder,
    stop: async () => {
      child.kill('SIGTERM')
      for (let tries = 0; child.exitCode === null && tries < 50; tries += 1) await sleep(20)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
