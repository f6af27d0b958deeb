// What is refused is refused as the SDK expects it: code, status, Retry-After, retries.
// Assumes an emulator with a small budget for each token. scope: process.
import assert from "node:assert/strict"
import test, { after, before } from "node:test"
import { APIErrorCode } from "@notionhq/client"
import { refused, start_emulator } from "./lab.mjs"
import { describe_failure, describe_totals, validate_lines } from "./validate.mjs"
import { make_zoo } from "./zoo.mjs"

const budget = 60
const nowhere = "00000000-0000-4000-8000-00000000dead"
const text = (content) => [{ type: "text", text: { content } }]

let lab, notion, zoo

before(async () => {
  lab = await start_emulator("--budget", `${budget}/60`)
  notion = lab.client("ntn_bot_conformance")
  zoo = await make_zoo(lab, notion)
  await lab.advance(60_000)
})
after(() => lab?.stop())

test("errors are the SDK's errors", async () => {
  const stranger = lab.client("secret_nobody")
  await refused(stranger.users.me({}), APIErrorCode.Unauthorized, 401)
  await refused(notion.pages.retrieve({ page_id: nowhere }), APIErrorCode.ObjectNotFound, 404)
  await refused(notion.dataSources.query({ data_source_id: nowhere }), "object_not_found", 404)
  await refused(notion.blocks.retrieve({ block_id: nowhere }), "object_not_found", 404)
  await refused(notion.pages.retrieve({ page_id: "AAA" }), APIErrorCode.ValidationError, 400)
  await refused(notion.request({ path: "invalid", method: "get" }), "invalid_request_url", 400)
  const page_id = zoo.pages.delta.id
  const write = (properties) => notion.pages.update({ page_id, properties })
  const invalid = (properties) => refused(write(properties), APIErrorCode.ValidationError, 400)
  await invalid({ Num: { number: "one" } })
  await invalid({ Done: { checkbox: null } })
  await invalid({ Pick: { select: "A" } })
  await invalid({ Pick: { select: { name: "a,b" } } })
  await invalid({ When: { date: { start: "yesterday" } } })
  await invalid({ Link: { number: 1 } })
  await invalid({ State: { status: { name: "Unheard of" } } })
  await invalid({ Text: { rich_text: text("x".repeat(2001)) } })
  await invalid({ Text: { rich_text: Array(101).fill(text("x")[0]) } })
  await invalid({ Nothing: { number: 1 } })
  await invalid({ Peer: { relation: Array(101).fill({ id: zoo.peers[0] }) } })
  const delta = await notion.pages.retrieve({ page_id })
  assert.deepEqual(delta.properties.Num, zoo.pages.delta.properties.Num)
})

test("a body that is not JSON, and one without a version", async () => {
  const send = async (headers, body) => {
    const response = await fetch(`${lab.url}/v1/search`, {
      method: "POST",
      headers: { authorization: "Bearer ntn_bot_conformance", ...headers },
      body,
    })
    return { status: response.status, ...(await response.json()) }
  }
  const version = { "notion-version": "2026-03-11", "content-type": "application/json" }
  const cut = await send(version, '{"query": "a')
  assert.deepEqual([cut.status, cut.code], [400, APIErrorCode.InvalidJSON])
  const mute = await send({ "content-type": "application/json" }, "{}")
  assert.deepEqual([mute.status, mute.code], [400, "missing_version"])
})

test("the budget: 429 with Retry-After, and a new window", async () => {
  const poor = lab.client("ntn_bot_poor")
  for (let spent = 0; spent < budget; spent++) await poor.users.me({})
  let limited
  await assert.rejects(poor.users.me({}), (error) => {
    limited = error
    return error.code === APIErrorCode.RateLimited && error.status === 429
  })
  const wait = Number(limited.headers.get("retry-after"))
  assert.ok(Number.isInteger(wait) && wait >= 1 && wait <= 60, String(wait))
  assert.equal(limited.additional_data.rate_limit_reason, "public_api_request_rate_limit")
  await refused(poor.users.me({}), APIErrorCode.RateLimited, 429)
  await lab.advance(wait * 1000)
  assert.equal((await poor.users.me({})).type, "bot")
})

test("the SDK waits for Retry-After and repeats", async () => {
  await lab.fault({
    kind: "status",
    status: 429,
    retry_after: 1,
    count: 1,
    route: "POST /v1/search",
  })
  const patient = lab.client("ntn_bot_patient", { retry: { maxRetries: 1 } })
  const since = performance.now()
  const list = await patient.search({ page_size: 1 })
  assert.equal(list.object, "list")
  assert.ok(performance.now() - since >= 1000)
})

test("the SDK repeats a read after 503, and never a write after 500", async () => {
  const patient = lab.client("ntn_bot_patient", {
    retry: { maxRetries: 2, initialRetryDelayMs: 1 },
  })
  const page_id = zoo.pages.alpha.id
  await lab.fault({ kind: "status", status: 503, count: 2, route: "GET /v1/pages/:id" })
  assert.equal((await patient.pages.retrieve({ page_id })).id, page_id)
  await lab.fault({ kind: "status", status: 500, count: 1, route: "PATCH /v1/pages/:id" })
  const write = () => patient.pages.update({ page_id, properties: { Num: { number: 8 } } })
  await refused(write(), APIErrorCode.InternalServerError, 500)
  assert.equal((await patient.pages.retrieve({ page_id })).properties.Num.number, 1)
  assert.equal((await write()).properties.Num.number, 8)
})

test("every documented status is the SDK's error", async () => {
  const codes = {
    401: "unauthorized",
    403: "restricted_resource",
    404: "object_not_found",
    409: "conflict_error",
    429: "rate_limited",
    500: "internal_server_error",
    503: "service_unavailable",
    504: "gateway_timeout",
    529: "service_overload",
  }
  for (const [status, code] of Object.entries(codes)) {
    await lab.fault({ kind: "status", status: Number(status), count: 1, route: "GET /v1/users/me" })
    await refused(lab.client("ntn_person_ada").users.me({}), code, Number(status))
  }
})

test("a person in the app has no budget", async () => {
  const person = lab.client("ntn_person_ada")
  for (let spent = 0; spent < 2 * budget; spent++) await person.users.list({})
})

test("every exchange of this file validates", async () => {
  const { totals, failures } = await validate_lines(await lab.journal())
  console.log(`errors: ${describe_totals(totals)}`)
  assert.deepEqual(failures.slice(0, 3).map(describe_failure), [])
  assert.ok(totals.judged > 200)
})
