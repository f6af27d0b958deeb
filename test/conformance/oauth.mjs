// The official SDK's OAuth methods against the emulator: consent by a form, as a browser posts it,
// then token, introspect, refresh, revoke. The last test puts all exchanges before the judge.
// scope: process.
import assert from "node:assert/strict"
import test, { after, before } from "node:test"
import { start_emulator } from "./lab.mjs"
import { describe_failure, describe_totals, validate_lines } from "./validate.mjs"

const redirect_uri = "https://app.example.com/oauth/callback?tenant=1"
const client = { client_id: "client-1", client_secret: "hush" }
let lab, notion

before(async () => {
  lab = await start_emulator("--budget", "0")
  await lab.connect({ ...client, name: "Bridge", redirect_uris: [redirect_uri] })
  notion = lab.client(undefined)
})
after(() => lab?.stop())

const authorize = (more = {}) =>
  `${lab.url}/v1/oauth/authorize?` +
  new URLSearchParams({
    client_id: client.client_id,
    response_type: "code",
    owner: "user",
    redirect_uri,
    state: "s+1&x",
    ...more,
  })

async function consent(decision, more) {
  const page = await fetch(authorize(more))
  assert.equal(page.status, 200)
  const html = await page.text()
  const form = new URLSearchParams({ decision })
  for (const [, name, value] of html.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)) {
    form.set(
      name,
      value.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
    )
  }
  const answer = await fetch(`${lab.url}/v1/oauth/authorize`, {
    method: "POST",
    body: form,
    redirect: "manual",
  })
  assert.equal(answer.status, 302)
  return new URL(answer.headers.get("location"))
}

const exchange = (code, more = {}) =>
  notion.oauth.token({ ...client, grant_type: "authorization_code", code, redirect_uri, ...more })
// The SDK has no names for these codes: it tells status and body alone.
const refused = (promise, code, status) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.status, status)
    assert.equal(JSON.parse(error.body).code, code)
    return true
  })
const refresh = (refresh_token) =>
  notion.oauth.token({ ...client, grant_type: "refresh_token", refresh_token })

test("a person refuses: no code", async () => {
  const back = await consent("cancel")
  assert.equal(back.searchParams.get("error"), "access_denied")
  assert.equal(back.searchParams.get("state"), "s+1&x")
  assert.equal(back.searchParams.get("tenant"), "1")
})

test("who asks for another place gets no page", async () => {
  const page = await fetch(authorize({ redirect_uri: "https://evil.example.com/" }))
  assert.equal(page.status, 400)
})

test("code, tokens, rotation, introspection, revocation", async () => {
  const code = (await consent("allow")).searchParams.get("code")
  await refused(exchange(code, { client_secret: "wrong" }), "invalid_client", 401)
  await refused(exchange(code, { redirect_uri: "https://x.example/" }), "invalid_grant", 400)
  const first = await exchange(code)
  assert.equal(first.token_type, "bearer")
  assert.equal(first.owner.type, "user")
  await refused(exchange(code), "invalid_grant", 400)

  const me = await lab.client(first.access_token).users.me({})
  assert.equal(me.id, first.bot_id)
  assert.equal(me.bot.workspace_id, first.workspace_id)

  const second = await refresh(first.refresh_token)
  assert.notEqual(second.access_token, first.access_token)
  assert.equal(second.bot_id, first.bot_id)
  await refused(refresh(first.refresh_token), "invalid_grant", 400)
  await assert.rejects(lab.client(first.access_token).users.me({}), { code: "unauthorized" })
  await lab.client(second.access_token).users.me({})

  const look = (token) => notion.oauth.introspect({ ...client, token })
  assert.equal((await look(second.access_token)).active, true)
  assert.equal((await look(first.access_token)).active, false)
  await notion.oauth.revoke({ ...client, token: second.access_token })
  assert.equal((await look(second.access_token)).active, false)
  await assert.rejects(lab.client(second.access_token).users.me({}), { code: "unauthorized" })
  await refused(refresh(second.refresh_token), "invalid_grant", 400)
})

test("a spent refresh token, where the switch is kind", async () => {
  await lab.semantics({ spent_refresh_accepted: true })
  const first = await exchange((await consent("allow")).searchParams.get("code"))
  const second = await refresh(first.refresh_token)
  const again = await refresh(first.refresh_token)
  assert.equal(again.access_token, second.access_token)
  await lab.client(second.access_token).users.me({})
  await refused(refresh(first.refresh_token), "invalid_grant", 400)
})

test("every exchange fits the SDK's types", async () => {
  const { totals, failures } = await validate_lines(await lab.journal())
  console.log(`oauth: ${describe_totals(totals)}`)
  assert.deepEqual(failures.slice(0, 3).map(describe_failure), [])
  assert.ok(totals.judged > 15)
})
