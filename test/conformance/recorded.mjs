// The judge on trial: it acquits all recorded real exchanges, and convicts spoiled ones.
// Without the recordings it says so and skips. scope: process.
import assert from "node:assert/strict"
import test from "node:test"
import { judge } from "./judge.mjs"
import { no_recordings, recorded_exchanges, recorded_lines } from "./recordings.mjs"
import { describe_failure, describe_totals, validate_lines } from "./validate.mjs"

const skip = no_recordings

test("all recorded exchanges validate", { skip }, async () => {
  const { totals, failures } = await validate_lines(recorded_lines())
  console.log(describe_totals(totals))
  assert.deepEqual(failures.slice(0, 3).map(describe_failure), [])
  assert.equal(totals.judged, 1403)
  assert.equal(totals.passed, 1403)
})

test(
  "recorded requests go beyond the types only in the short form of a title",
  { skip },
  async () => {
    const { deviations } = await validate_lines(recorded_lines())
    for (const { line, errors } of deviations) {
      assert.ok(Array.isArray(line.req.properties?.title), describe_failure({ line, errors }))
      for (const text of errors) assert.match(text, /^\/properties\/title /)
    }
  },
)

function response_errors(line, spoil) {
  const copy = structuredClone(line)
  spoil(copy)
  return judge(copy).response
}

function first(method, path, condition = () => true) {
  const found = recorded_exchanges().find((line) => {
    const at = new URL(line.uri).pathname
    return line.method === method && path.test(at) && line.status === 200 && condition(line)
  })
  assert.ok(found, `${method} ${path} is recorded`)
  return found
}

test("the judge convicts a spoiled page", { skip }, () => {
  const page = first("GET", /^\/v1\/pages\/[^/]+$/)
  const convicts = (spoil) => assert.notDeepEqual(response_errors(page, spoil), [])
  assert.deepEqual(
    response_errors(page, () => {}),
    [],
  )
  convicts((line) => delete line.resp.created_time)
  convicts((line) => delete line.resp.properties)
  convicts((line) => (line.resp.parent = { type: "data_source_id" }))
  convicts((line) => (line.resp.archived = false))
  convicts((line) => (line.resp.properties.More = { id: "a", type: "number", number: "1" }))
  convicts((line) => (line.resp.properties.More = { id: "a", type: "place" }))
  convicts((line) => (line.resp.properties.More = { id: "a", type: "unheard_of" }))
})

test("the judge convicts a spoiled list, data source, search and error", { skip }, () => {
  const query = first("POST", /\/query$/, (line) => line.resp.results?.length > 0)
  const rows = (spoil) => assert.notDeepEqual(response_errors(query, spoil), [])
  rows((line) => delete line.resp.has_more)
  rows((line) => (line.resp.type = "page"))
  rows((line) => delete line.resp.results[0].is_locked)
  const source = first("GET", /^\/v1\/data_sources\/[^/]+$/)
  const schema = (spoil) => assert.notDeepEqual(response_errors(source, spoil), [])
  schema((line) => delete line.resp.database_parent)
  schema((line) => (line.resp.properties.More = { id: "a", name: "More", type: "number" }))
  const error = recorded_exchanges().find((line) => line.status === 404)
  const fault = (spoil) => assert.notDeepEqual(response_errors(error, spoil), [])
  fault((line) => (line.resp.code = "lost"))
  fault((line) => (line.resp.status = 400))
  fault((line) => delete line.resp.message)
})

test("the judge convicts a request of ours", () => {
  const line = {
    method: "POST",
    path: "/v1/data_sources/00000000-0000-4000-8000-000000000001/query",
    query: "filter_properties=a&filter_properties=b",
    version: "2026-03-11",
    request: { filter: { property: "N", number: { equals: 1 } }, page_size: 10 },
    status: 200,
    response: {},
  }
  assert.deepEqual(judge(line).request, [])
  const convicts = (request) => assert.notDeepEqual(judge({ ...line, request }).request, [])
  convicts({ filter: { property: "N", number: { equals: "1" } } })
  convicts({ filter: { property: "N", unheard_of: { equals: 1 } } })
  convicts({ sorts: [{ property: "N", direction: "up" }] })
  convicts({ start: "a" })
  assert.notDeepEqual(judge({ ...line, query: "page_size=1" }).request, [])
})
