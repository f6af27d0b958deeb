// The recorded data sources are rebuilt in the emulator, and every recorded query is put to them:
// by recorded requests where the recording made them, by loading recorded objects where it found
// them. The emulator must return the recorded rows, in the recorded order, with their values.
// Skips, and says so, without the recordings. scope: one emulator a cassette.
import assert from "node:assert/strict"
import test from "node:test"
import { start_emulator } from "./lab.mjs"
import { Binding, by_cassette, comparable_page, Replayer } from "./rebuild.mjs"
import { no_recordings, recorded_exchanges } from "./recordings.mjs"
import { describe_failure, validate_lines } from "./validate.mjs"

const skip = no_recordings
const segments = (exchange) => new URL(exchange.uri).pathname.split("/").slice(2)
const is_query = (exchange) => /^data_sources .* query$/.test(segments(exchange).join(" "))
const is_search = (exchange) => segments(exchange)[0] === "search"
const source_of = (exchange) => segments(exchange)[1]

// Every whole object of a kind that any answer holds, by id; the last one seen counts.
function recorded_objects(exchanges, kind) {
  const found = new Map()
  const look = (value) => {
    if (value === null || typeof value !== "object") return
    if (value.object === kind && value.created_time) found.set(value.id, value)
    Object.values(value).forEach(look)
  }
  for (const exchange of exchanges) look(exchange.resp)
  return found
}

const all = skip ? [] : recorded_exchanges()
const cassettes = [...by_cassette(all)].filter(([, exchanges]) => exchanges.some(is_query))
const sources = recorded_objects(all, "data_source")
const users = recorded_objects(all, "user")

// The data sources that a cassette queries and did not make, with the rows that it found.
function found_sources(exchanges) {
  const made = new Set()
  const found = new Map()
  for (const exchange of exchanges) {
    if (exchange.method === "POST" && !is_query(exchange) && !is_search(exchange)) {
      for (const { id } of exchange.resp.data_sources ?? [exchange.resp]) made.add(id)
    }
    const id = is_query(exchange) ? source_of(exchange) : undefined
    if (id && !made.has(id) && !found.has(id)) found.set(id, exchange.resp.results)
  }
  return found
}

async function prepare(lab, exchanges) {
  const binding = new Binding()
  const root = lab.root_id
  const world = { users: [...users.values()], data_sources: [], pages: [], newest_first: true }
  for (const [id, rows] of found_sources(exchanges)) {
    const source = sources.get(id)
    assert.ok(source, `data source ${id} is recorded`)
    world.data_sources.push(source)
    world.pages.push(...rows)
    for (const one of [source, ...rows]) binding.bind(one.id, one.id)
    binding.bind(source.parent.database_id, source.parent.database_id)
  }
  await lab.load(world)
  for (const exchange of exchanges) {
    const page = exchange.method === "POST" ? exchange.req.parent?.page_id : undefined
    if (page && !binding.of(page)) binding.bind(page, root)
  }
  return binding
}

function compare_query(exchange, mine, binding) {
  const theirs = exchange.resp
  const shown = `query ${exchange.n}: ${JSON.stringify(exchange.req)}`
  assert.equal(mine.status, exchange.status, JSON.stringify(mine.response))
  const title = (page) =>
    Object.values(page.properties)
      .find((property) => property.type === "title")
      .title.map((run) => run.plain_text)
      .join("")
  const expected_ids = theirs.results.map((page) => binding.of(page.id))
  const names = `${mine.response.results.map(title)} for ${theirs.results.map(title)}`
  const ids = mine.response.results.map((page) => page.id)
  assert.deepEqual(ids, expected_ids, `${shown}: ${names}`)
  theirs.results.forEach((page, i) => {
    const got = comparable_page(mine.response.results[i], binding)
    assert.deepEqual(got, comparable_page(page, binding), shown)
  })
  assert.equal(mine.response.has_more, theirs.has_more)
  assert.equal(mine.response.type, theirs.type)
}

const replayed = []
const left_out = []

for (const [name, exchanges] of cassettes) {
  test(`replay ${name}`, { skip }, async () => {
    const lab = await start_emulator("--budget", "100000/60")
    try {
      const binding = await prepare(lab, exchanges)
      const replayer = new Replayer(lab, binding)
      for (const exchange of exchanges.filter((one) => !is_search(one))) {
        const { mine, reason } = await replayer.repeat(exchange)
        const shown = `${name} ${exchange.n}`
        if (is_query(exchange) && !mine) left_out.push(`${shown}: ${reason}`)
        if (!mine) continue
        assert.equal(mine.status, exchange.status, `${shown} ${JSON.stringify(mine.response)}`)
        if (!is_query(exchange)) continue
        compare_query(exchange, mine, binding)
        replayed.push(shown)
      }
      const { failures } = await validate_lines(await lab.journal(), { others: true })
      assert.deepEqual(failures.slice(0, 3).map(describe_failure), [])
    } finally {
      await lab.stop()
    }
  })
}

test("all recorded queries were replayed", { skip }, () => {
  console.log(`${replayed.length} of ${all.filter(is_query).length} recorded queries replayed`)
  for (const text of left_out) console.log(`left out: ${text}`)
  assert.equal(replayed.length, all.filter(is_query).length)
})
