// Every filter condition and sort that the types know, put by the SDK against one small data
// source; what must come back is written here by hand, after the recorded semantics.
// Assumes the emulator's clock can be set. scope: process.
import assert from "node:assert/strict"
import test, { after, before } from "node:test"
import { collectPaginatedAPI } from "@notionhq/client"
import { start_emulator } from "./lab.mjs"
import { describe_failure, describe_totals, validate_lines } from "./validate.mjs"
import { make_zoo } from "./zoo.mjs"

let lab, notion, zoo

before(async () => {
  lab = await start_emulator("--budget", "100000/60")
  notion = lab.client("ntn_bot_conformance")
  zoo = await make_zoo(lab, notion)
})
after(() => lab?.stop())

async function names(query) {
  const pages = await collectPaginatedAPI(notion.dataSources.query, {
    data_source_id: zoo.source_id,
    ...query,
  })
  return pages.map((page) => page.properties.Name.title.map((run) => run.plain_text).join(""))
}

async function holds(filter, expected) {
  const got = (await names({ filter })).sort().join(" ")
  assert.equal(got, expected, JSON.stringify(filter))
}

const empty = { is_empty: true }
const full = { is_not_empty: true }

// Of one property: [condition, rows in alphabetical order].
const text_cases = [
  [{ equals: "Goodbye" }, "gamma"],
  [{ equals: "Good" }, ""],
  [{ does_not_equal: "Goodbye" }, "alpha beta delta"],
  [{ contains: "HELLO" }, "alpha beta"],
  [{ does_not_contain: "hello" }, "delta gamma"],
  [{ starts_with: "good" }, "gamma"],
  [{ ends_with: "moon" }, "beta"],
  [empty, "delta"],
  [full, "alpha beta gamma"],
]

const address_cases = (prefix) => [
  [{ equals: `${prefix}alpha` }, "alpha"],
  [{ does_not_equal: `${prefix}alpha` }, "beta delta gamma"],
  [{ contains: "BET" }, "beta"],
  [{ does_not_contain: "bet" }, "alpha delta gamma"],
  [{ starts_with: prefix }, "alpha beta gamma"],
  [{ ends_with: "gamma" }, "gamma"],
  [empty, "delta"],
  [full, "alpha beta gamma"],
]

const number_cases = [
  [{ equals: 2.5 }, "beta"],
  [{ does_not_equal: 1 }, "beta delta gamma"],
  [{ greater_than: 0 }, "alpha beta"],
  [{ greater_than: 1 }, "beta"],
  [{ less_than: 2.5 }, "alpha gamma"],
  [{ greater_than_or_equal_to: 1 }, "alpha beta"],
  [{ less_than_or_equal_to: -3 }, "gamma"],
  [empty, "delta"],
  [full, "alpha beta gamma"],
]

const checkbox_cases = [
  [{ equals: true }, "alpha gamma"],
  [{ equals: false }, "beta delta"],
  [{ does_not_equal: true }, "beta delta"],
  [{ does_not_equal: false }, "alpha gamma"],
]

const select_cases = [
  [{ equals: "A" }, "alpha gamma"],
  [{ equals: ["A", "B"] }, "alpha beta gamma"],
  [{ does_not_equal: "A" }, "beta delta"],
  [{ does_not_equal: ["A", "B"] }, "delta"],
  [empty, "delta"],
  [full, "alpha beta gamma"],
]

const status_cases = [
  [{ equals: "Done" }, "beta"],
  [{ equals: ["Done", "In progress"] }, "alpha beta"],
  [{ does_not_equal: "Done" }, "alpha delta gamma"],
  [{ does_not_equal: ["Done", "In progress"] }, "delta gamma"],
  [empty, ""],
  [full, "alpha beta delta gamma"],
]

const multi_select_cases = [
  [{ contains: "y" }, "alpha beta"],
  [{ does_not_contain: "y" }, "delta gamma"],
  [{ contains: ["z"] }, "gamma"],
  [empty, "delta"],
  [full, "alpha beta gamma"],
]

// The clock stands at 2026-03-18T12:00Z, a Wednesday.
const date_cases = [
  [{ equals: "2026-03-12" }, "alpha"],
  [{ equals: "2026-03-18" }, "beta"],
  [{ equals: "2026-03-18T10:30:59.9Z" }, "beta"],
  [{ equals: "2026-03-18T11:30:00+01:00" }, "beta"],
  [{ before: "2026-03-18" }, "alpha"],
  [{ before: "2026-03-18T10:30:45Z" }, "alpha"],
  [{ after: "2026-03-18" }, "gamma"],
  [{ after: "2026-03-18T10:29:00Z" }, "beta gamma"],
  [{ on_or_before: "2026-03-18" }, "alpha beta"],
  [{ on_or_before: "2026-03-18T10:30:45Z" }, "alpha beta"],
  [{ on_or_after: "2026-03-18" }, "beta gamma"],
  [{ on_or_after: "2026-03-19" }, "gamma"],
  [{ equals: "today" }, "beta"],
  [{ after: "yesterday" }, "beta gamma"],
  [{ before: "tomorrow" }, "alpha beta"],
  [{ on_or_after: "one_week_ago" }, "alpha beta gamma"],
  [{ on_or_before: "one_week_from_now" }, "alpha beta"],
  [{ before: "one_month_ago" }, ""],
  [{ on_or_before: "one_month_from_now" }, "alpha beta gamma"],
  [{ this_week: {} }, "beta"],
  [{ past_week: {} }, "alpha beta"],
  [{ past_month: {} }, "alpha beta"],
  [{ past_year: {} }, "alpha beta"],
  [{ next_week: {} }, "beta"],
  [{ next_month: {} }, "beta gamma"],
  [{ next_year: {} }, "beta gamma"],
  [empty, "delta"],
  [full, "alpha beta gamma"],
]

const tables = {
  "rich text": () => ["Text", "rich_text", text_cases],
  "title": () => [
    "Name",
    "title",
    [
      [{ equals: "alpha" }, "alpha"],
      [{ does_not_equal: "alpha" }, "beta delta gamma"],
      [{ contains: "ELT" }, "delta"],
      [{ does_not_contain: "a" }, ""],
      [{ starts_with: "g" }, "gamma"],
      [{ ends_with: "ta" }, "beta delta"],
      [empty, ""],
      [full, "alpha beta delta gamma"],
    ],
  ],
  "url": () => ["Link", "url", address_cases("https://example.org/")],
  "email": () => ["Mail", "email", address_cases("a@example.org,")],
  "phone number": () => ["Tel", "phone_number", address_cases("+43 1 ")],
  "url as rich text": () => ["Link", "rich_text", [[{ contains: "alpha" }, "alpha"]]],
  "number": () => ["Num", "number", number_cases],
  "checkbox": () => ["Done", "checkbox", checkbox_cases],
  "select": () => ["Pick", "select", select_cases],
  "status": () => ["State", "status", status_cases],
  "multi-select": () => ["Tags", "multi_select", multi_select_cases],
  "date": () => ["When", "date", date_cases],
  "people": () => [
    "Who",
    "people",
    [
      [{ contains: zoo.people[0] }, "alpha"],
      [{ contains: zoo.people[1] }, "beta"],
      [{ does_not_contain: zoo.people[0] }, "beta delta gamma"],
      [empty, "delta gamma"],
      [full, "alpha beta"],
    ],
  ],
  "relation": () => [
    "Peer",
    "relation",
    [
      [{ contains: zoo.peers[0] }, "alpha beta"],
      [{ contains: zoo.peers[1] }, "beta gamma"],
      [{ does_not_contain: zoo.peers[0] }, "delta gamma"],
      [empty, "delta"],
      [full, "alpha beta gamma"],
    ],
  ],
  "files": () => [
    "Docs",
    "files",
    [
      [empty, "beta delta gamma"],
      [full, "alpha"],
    ],
  ],
  "unique id": () => [
    "Seq",
    "unique_id",
    [
      [{ equals: 2 }, "beta"],
      [{ does_not_equal: 2 }, "alpha delta gamma"],
      [{ greater_than: 2 }, "delta gamma"],
      [{ less_than: 2 }, "alpha"],
      [{ greater_than_or_equal_to: 3 }, "delta gamma"],
      [{ less_than_or_equal_to: 1 }, "alpha"],
    ],
  ],
  "created by": () => [
    "Maker",
    "created_by",
    [
      [{ contains: "me" }, "alpha beta delta gamma"],
      [{ contains: zoo.people[0] }, ""],
      [{ does_not_contain: "me" }, ""],
      [empty, ""],
      [full, "alpha beta delta gamma"],
    ],
  ],
  "last edited by": () => ["Editor", "last_edited_by", [[full, "alpha beta delta gamma"]]],
  "rollup": () => [
    "Load",
    "rollup",
    [
      [{ number: { greater_than: 15 } }, "beta gamma"],
      [{ number: { equals: 10 } }, "alpha"],
    ],
  ],
  "rollup of several": () => [
    "Weights",
    "rollup",
    [
      [{ any: { number: { equals: 10 } } }, "alpha beta"],
      [{ every: { number: { equals: 10 } } }, "alpha"],
      [{ none: { number: { equals: 10 } } }, "delta gamma"],
    ],
  ],
  "created time, as a property": () => [
    "Made",
    "created_time",
    [
      [{ on_or_after: zoo.made_at.gamma }, "delta gamma"],
      [{ equals: zoo.made_at.beta }, "beta"],
      [empty, ""],
    ],
  ],
}

for (const [name, table] of Object.entries(tables)) {
  test(`filter: ${name}`, async () => {
    const [property, key, cases] = table()
    for (const [condition, expected] of cases) {
      await holds({ property, [key]: condition }, expected)
    }
  })
}

// Formulas are not computed by the emulator: their values are loaded.
function formula_world(source_id) {
  const created_time = "2026-03-01T00:00:00.000Z"
  const configs = [{ id: "title", name: "Name", type: "title", title: {} }]
  for (const type of ["string", "number", "boolean", "date"]) {
    const formula = { expression: `"${type}"` }
    configs.push({ id: `f_${type}`, name: type, type: "formula", formula })
  }
  const page = (number, name, values) => {
    const title = [{ type: "text", text: { content: name }, plain_text: name }]
    const properties = { Name: { id: "title", type: "title", title } }
    for (const [type, value] of Object.entries(values)) {
      const formula = { type, [type]: value }
      properties[type] = { id: `f_${type}`, type: "formula", formula }
    }
    const id = `22222222-0000-4000-8000-00000000000${number}`
    return { object: "page", id, created_time, parent: { data_source_id: source_id }, properties }
  }
  const properties = Object.fromEntries(configs.map((config) => [config.name, config]))
  const parent = { database_id: "22222222-0000-4000-8000-0000000000db" }
  const day = (start) => ({ start, end: null, time_zone: null })
  return {
    data_sources: [{ object: "data_source", id: source_id, created_time, parent, properties }],
    pages: [
      page(1, "one", { string: "first", number: 1, boolean: true, date: day("2026-03-12") }),
      page(2, "two", { string: "second", number: 2, boolean: false, date: day("2026-03-19") }),
      page(3, "void", { string: null, number: null, boolean: false, date: null }),
    ],
  }
}

test("filter: formula", async () => {
  const source_id = "22222222-0000-4000-8000-000000000050"
  await lab.load(formula_world(source_id))
  const formula_cases = [
    ["string", { string: { contains: "FIR" } }, "one"],
    ["string", { string: { is_empty: true } }, "void"],
    ["number", { number: { greater_than: 1 } }, "two"],
    ["number", { number: { does_not_equal: 1 } }, "two void"],
    ["boolean", { checkbox: { equals: true } }, "one"],
    ["date", { date: { before: "2026-03-15" } }, "one"],
    ["date", { date: { on_or_after: "2026-03-19" } }, "two"],
  ]
  for (const [property, formula, expected] of formula_cases) {
    const got = await names({ data_source_id: source_id, filter: { property, formula } })
    assert.equal(got.sort().join(" "), expected, JSON.stringify(formula))
  }
})

test("filter by the id of a property", async () => {
  await holds({ property: zoo.property_id("Num"), number: { equals: 1 } }, "alpha")
})

test("filter: timestamps", async () => {
  const { alpha, beta, gamma } = zoo.made_at
  const by = (timestamp, condition) => ({ timestamp, [timestamp]: condition })
  for (const time of ["created_time", "last_edited_time"]) {
    await holds(by(time, { equals: beta }), "beta")
    await holds(by(time, { before: beta }), "alpha")
    await holds(by(time, { after: beta }), "delta gamma")
    await holds(by(time, { on_or_before: beta }), "alpha beta")
    await holds(by(time, { on_or_after: gamma }), "delta gamma")
    await holds(by(time, { past_week: {} }), "alpha beta delta gamma")
    await holds(by(time, { before: alpha }), "")
    await holds(by(time, { is_empty: true }), "")
    await holds(by(time, { is_not_empty: true }), "alpha beta delta gamma")
  }
})

test("filter: and, or, both", async () => {
  const number = (condition) => ({ property: "Num", number: condition })
  const done = { property: "Done", checkbox: { equals: true } }
  await holds({ and: [done, number({ greater_than: 0 })] }, "alpha")
  await holds({ or: [done, number({ greater_than: 0 })] }, "alpha beta gamma")
  const inner = { or: [number({ equals: 1 }), number({ equals: 2.5 })] }
  await holds({ and: [inner, done] }, "alpha")
  await holds({ or: [{ and: [done, number({ less_than: 0 })] }, number(empty)] }, "delta gamma")
  const deep = { and: [{ or: [{ and: [done] }] }] }
  await assert.rejects(names({ filter: deep }), { code: "validation_error", status: 400 })
})

test("filters that do not fit are refused", async () => {
  const refused = (filter) =>
    assert.rejects(names({ filter }), { code: "validation_error", status: 400 })
  await refused({ property: "Nothing", number: { equals: 1 } })
  await refused({ property: "Num", number: { equals: "one" } })
  await refused({ property: "Num", number: { resembles: 1 } })
  await refused({ property: "Num" })
  await refused({ property: "Num", checkbox: { equals: true } })
  await refused({ and: Array(101).fill({ property: "Num", number: { equals: 1 } }) })
})

test("sorts", async () => {
  const sorted = async (expected, ...sorts) =>
    assert.equal((await names({ sorts })).join(" "), expected)
  const up = (property) => ({ property, direction: "ascending" })
  const down = (property) => ({ property, direction: "descending" })
  const time = (timestamp, direction) => ({ timestamp, direction })
  await sorted("alpha beta delta gamma", up("Name"))
  await sorted("gamma delta beta alpha", down("Name"))
  await sorted("alpha beta gamma delta", time("created_time", "ascending"))
  await sorted("delta gamma beta alpha", time("created_time", "descending"))
  await sorted("alpha beta gamma delta", time("last_edited_time", "ascending"))
  await sorted("alpha beta gamma delta", up("Seq"))
  await sorted("beta delta alpha gamma", up("Done"), up("Name"))
  await sorted("gamma alpha delta beta", down("Done"), down("Name"))
  // Where the empty ones stand is not documented: only the others are held to an order.
  const present = async (property, direction) => {
    const list = await names({ sorts: [{ property, direction }] })
    return list.filter((name) => name !== "delta").join(" ")
  }
  for (const [property, order] of [
    ["Num", "gamma alpha beta"],
    ["When", "alpha beta gamma"],
  ]) {
    const reversed = order.split(" ").reverse().join(" ")
    assert.equal(await present(property, "ascending"), order, property)
    assert.equal(await present(property, "descending"), reversed, property)
  }
  await assert.rejects(names({ sorts: [up("Nothing")] }), { code: "validation_error" })
})

test("without a sort the newest come first", async () => {
  assert.equal((await names({})).join(" "), "delta gamma beta alpha")
})

test("every exchange of this file validates", async () => {
  const { totals, failures } = await validate_lines(await lab.journal())
  console.log(`filters: ${describe_totals(totals)}`)
  assert.deepEqual(failures.slice(0, 3).map(describe_failure), [])
  assert.ok(totals.judged > 150)
})
