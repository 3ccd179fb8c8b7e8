// What a person's browser does at the authorization endpoint: signs in, and agrees.

import { USER } from './service.mjs'

const field = (page, name) => {
  const found = page.match(new RegExp(`name="${name}" value="([^"]*)"`))
  if (!found) throw new Error(`no field ${name} in the page: ${page.replace(/<[^>]*>/g, ' ').slice(0, 400)}`)
  return found[1]
}

/** Follows an authorization request to its end; the URL that the wallet gets back. */
export async function agree(requestUrl) {
  const { origin } = new URL(requestUrl)
  const cookies = new Map()
  const ask = async (url, form) => {
    const response = await fetch(new URL(url, requestUrl), {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { origin, cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      body: form && new URLSearchParams(form),
    })
    for (const set of response.headers.getSetCookie()) {
      const [name, ...value] = set.split(';')[0].split('=')
      cookies.set(name, value.join('='))
    }
    return response
  }
  const submit = async (page, to, more = {}) => {
    const response = await ask(to, { csrf: field(page, 'csrf'), interaction: field(page, 'interaction'), ...more })
    if (response.status !== 303) throw new Error(`${to}: ${response.status} ${await response.text()}`)
    return response.headers.get('location')
  }
  const at = new URL(requestUrl).pathname
  const started = await ask(requestUrl)
  if (started.status !== 200) {
    throw new Error(`refused: ${started.status} ${started.headers.get('location') ?? (await started.text())}`)
  }
  const login = await started.text()
  const consent = await (await ask(await submit(login, `${at}/login`, USER))).text()
  return submit(consent, `${at}/approve`)
}
