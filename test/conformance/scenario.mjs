// The official SDK uses everything that the emulator offers, as a program of a user would.
// Each test stands alone on the zoo; the last one puts all exchanges before the judge.
// scope: process.
import assert from "node:assert/strict"
import test, { after, before } from "node:test"
import {
  collectAllDataSourceRows,
  collectPaginatedAPI,
  isFullBlock,
  isFullDatabase,
  isFullDataSource,
  isFullPage,
  isFullUser,
} from "@notionhq/client"
import { refused, start_emulator } from "./lab.mjs"
import { describe_failure, describe_totals, validate_lines } from "./validate.mjs"
import { make_zoo } from "./zoo.mjs"

const query_limit = 120
const nowhere = "00000000-0000-4000-8000-00000000dead"
const text = (content) => [{ type: "text", text: { content } }]
const plain = (runs) => runs.map((run) => run.plain_text).join("")

let lab, notion, zoo, root

before(async () => {
  lab = await start_emulator("--budget", "100000/60", "--query-limit", String(query_limit))
  notion = lab.client("ntn_bot_conformance")
  zoo = await make_zoo(lab, notion)
  root = { type: "page_id", page_id: lab.root_id }
})
after(() => lab?.stop())

async function make_page(name, more = {}) {
  return notion.pages.create({
    parent: { type: "data_source_id", data_source_id: zoo.source_id },
    properties: { Name: { title: text(name) }, ...more },
  })
}

const trash = (page) => notion.pages.update({ page_id: page.id, in_trash: true })

test("users: list, one, me", async () => {
  const users = await collectPaginatedAPI(notion.users.list, { page_size: 1 })
  assert.ok(users.some((user) => user.type === "person"))
  assert.ok(users.some((user) => user.type === "bot"))
  assert.ok(users.every(isFullUser))
  const one = await notion.users.retrieve({ user_id: users[0].id })
  assert.equal(one.name, users[0].name)
  const me = await notion.users.me({})
  assert.equal(me.type, "bot")
  assert.ok(me.bot.workspace_id)
  await refused(notion.users.retrieve({ user_id: nowhere }), "object_not_found", 404)
})

test("a property of every type is configured and comes back", async () => {
  assert.ok(isFullDatabase(zoo.database) && isFullDataSource(zoo.source))
  const types = Object.values(zoo.source.properties).map((property) => property.type)
  const expected =
    "checkbox created_by created_time date email files formula last_edited_by last_edited_time " +
    "multi_select number people phone_number relation rich_text rollup rollup select status " +
    "title " +
    "unique_id url"
  assert.equal(types.sort().join(" "), expected)
  assert.equal(zoo.source.properties.Num.number.format, "euro")
  assert.deepEqual(
    zoo.source.properties.Tags.multi_select.options.map((option) => option.name),
    ["x", "y", "z"],
  )
  const { groups, options } = zoo.source.properties.State.status
  assert.deepEqual(
    groups.map((group) => group.name),
    ["To-do", "In progress", "Complete"],
  )
  assert.deepEqual(
    options.map((option) => option.name),
    ["Not started", "In progress", "Done"],
  )
  assert.equal(zoo.source.parent.database_id, zoo.database.id)
  assert.equal(zoo.source.database_parent.page_id, root.page_id)
})

test("a page comes back with what was written", async () => {
  const page = await notion.pages.retrieve({ page_id: zoo.pages.alpha.id })
  assert.ok(isFullPage(page))
  const { properties } = page
  assert.equal(plain(properties.Name.title), "alpha")
  assert.equal(plain(properties.Text.rich_text), "Hello World")
  assert.equal(properties.Num.number, 1)
  assert.equal(properties.Done.checkbox, true)
  assert.equal(properties.Pick.select.name, "A")
  assert.deepEqual(
    properties.Tags.multi_select.map((option) => option.name),
    ["x", "y"],
  )
  assert.equal(properties.State.status.name, "In progress")
  assert.deepEqual(properties.When.date, { start: "2026-03-12", end: null, time_zone: null })
  assert.equal(properties.Who.people[0].id, zoo.people[0])
  assert.equal(properties.Docs.files[0].external.url, "https://example.org/plan.pdf")
  assert.deepEqual(properties.Peer, {
    id: properties.Peer.id,
    type: "relation",
    relation: [{ id: zoo.peers[0] }],
    has_more: false,
  })
  assert.deepEqual(properties.Seq.unique_id, { prefix: "ZOO", number: 1 })
  assert.equal(properties.Made.created_time, zoo.made_at.alpha)
  assert.equal(page.created_time, zoo.made_at.alpha)
  assert.equal(properties.Maker.created_by.id, page.created_by.id)
  const delta = await notion.pages.retrieve({ page_id: zoo.pages.delta.id })
  assert.equal(delta.properties.State.status.name, "Not started")
  assert.equal(delta.properties.Num.number, null)
  assert.deepEqual(delta.properties.Text.rich_text, [])
  const beta = await notion.pages.retrieve({ page_id: zoo.pages.beta.id })
  assert.match(beta.properties.When.date.start, /^2026-03-18T10:30:00\.000/)
})

test("objects have the recorded fields and no others", async () => {
  const fields = (object) => Object.keys(object).sort().join(" ")
  const set = (names) => names.split(",").sort().join(" ")
  const page = await notion.pages.retrieve({ page_id: zoo.pages.alpha.id })
  const common = "object,id,created_time,last_edited_time,created_by,last_edited_by,parent,in_trash"
  const look = "cover,icon,url,public_url"
  const page_fields = `${common},${look},is_archived,is_locked,properties`
  assert.equal(fields(page), set(`${page_fields},request_id`))
  const source_fields = `${common},${look},title,description,is_inline,properties,database_parent`
  assert.equal(fields(zoo.source), set(`${source_fields},request_id`))
  assert.equal(
    fields(zoo.database),
    set(
      "object,id,title,description,parent,is_inline,in_trash,is_locked,created_time," +
        `last_edited_time,data_sources,${look},request_id`,
    ),
  )
  const list = await notion.dataSources.query({ data_source_id: zoo.source_id, page_size: 1 })
  assert.equal(
    fields(list),
    set("object,results,next_cursor,has_more,type,page_or_data_source,request_id"),
  )
  assert.equal(fields(list.results[0]), set(page_fields))
  const old = lab.client("ntn_bot_conformance", { notionVersion: "2025-09-03" })
  const aged = await old.pages.retrieve({ page_id: zoo.pages.alpha.id })
  assert.equal(fields(aged), set(`${page_fields},archived,request_id`))
})

test("search finds pages and data sources", async () => {
  const sources = await notion.search({
    query: "Zoo",
    filter: { property: "object", value: "data_source" },
  })
  assert.ok(sources.results.some((source) => source.id === zoo.source_id))
  assert.ok(sources.results.every((source) => source.object === "data_source"))
  const pages = await notion.search({
    query: "alpha",
    filter: { property: "object", value: "page" },
    sort: { timestamp: "last_edited_time", direction: "descending" },
    page_size: 5,
  })
  assert.ok(pages.results.some((page) => page.id === zoo.pages.alpha.id))
  const all = await collectPaginatedAPI(notion.search, { page_size: 3 })
  assert.equal(new Set(all.map((one) => one.id)).size, all.length)
  assert.ok(all.length >= 8)
})

test("databases: create, retrieve, update", async () => {
  const made = await notion.databases.create({
    parent: root,
    title: text("Shelf"),
    is_inline: false,
    icon: { type: "emoji", emoji: "📚" },
    initial_data_source: { properties: { Book: { title: {} }, Pages: { number: {} } } },
  })
  const database_id = made.id
  assert.equal(made.data_sources.length, 1)
  assert.match(made.created_time, /\+00:00$/)
  const renamed = await notion.databases.update({
    database_id,
    title: text("Bookshelf"),
    description: text("What I read"),
    is_inline: true,
  })
  assert.equal(plain(renamed.title), "Bookshelf")
  const seen = await notion.databases.retrieve({ database_id })
  assert.equal(plain(seen.description), "What I read")
  assert.equal(seen.is_inline, true)
  assert.equal(seen.icon.emoji, "📚")
  const gone = await notion.databases.update({ database_id, in_trash: true })
  assert.equal(gone.in_trash, true)
  await refused(notion.databases.retrieve({ database_id: nowhere }), "object_not_found", 404)
})

test("data sources: create, retrieve, and edits of the schema", async () => {
  const made = await notion.dataSources.create({
    parent: { type: "database_id", database_id: zoo.database.id },
    title: text("Second"),
    properties: { Name: { title: {} }, A: { number: {} }, B: { select: { options: [] } } },
  })
  const data_source_id = made.id
  const database = await notion.databases.retrieve({ database_id: zoo.database.id })
  assert.ok(database.data_sources.some(({ id, name }) => id === made.id && name === "Second"))

  const edited = await notion.dataSources.update({
    data_source_id,
    title: text("Other"),
    properties: {
      A: { name: "Alpha" },
      B: { select: { options: [{ name: "red", color: "red" }] } },
      C: { type: "url", url: {} },
    },
  })
  assert.equal(plain(edited.title), "Other")
  assert.equal(edited.properties.Alpha.id, made.properties.A.id)
  assert.deepEqual(
    edited.properties.B.select.options.map((o) => o.color),
    ["red"],
  )
  const cut = await notion.dataSources.update({ data_source_id, properties: { C: null } })
  assert.deepEqual(Object.keys(cut.properties).sort(), ["Alpha", "B", "Name"])
  const seen = await notion.dataSources.retrieve({ data_source_id })
  assert.deepEqual(seen.properties, cut.properties)

  const page = await notion.pages.create({
    parent: { type: "data_source_id", data_source_id },
    properties: { Name: { title: text("one") }, B: { select: { name: "green" } } },
  })
  assert.equal(page.properties.B.select.name, "green")
  const grown = await notion.dataSources.retrieve({ data_source_id })
  assert.deepEqual(grown.properties.B.select.options.map((o) => o.name).sort(), ["green", "red"])
  const gone = await notion.dataSources.update({ data_source_id, in_trash: true })
  assert.equal(gone.in_trash, true)
})

test("pages: update, clear, trash, restore", async () => {
  const page = await make_page("brief", {
    Num: { number: 5 },
    When: { date: { start: "2026-01-01" } },
  })
  const page_id = page.id
  const edited = await notion.pages.update({
    page_id,
    icon: { type: "emoji", emoji: "🦎" },
    cover: { type: "external", external: { url: "https://example.org/cover.png" } },
    properties: {
      Name: { title: text("longer") },
      Num: { number: null },
      When: { date: null },
      Pick: { select: { name: "B" } },
      Tags: { multi_select: [{ name: "z" }, { name: "x" }] },
    },
  })
  assert.equal(plain(edited.properties.Name.title), "longer")
  assert.equal(edited.properties.Num.number, null)
  assert.equal(edited.properties.When.date, null)
  assert.deepEqual(
    edited.properties.Tags.multi_select.map((o) => o.name),
    ["z", "x"],
  )
  assert.equal(edited.icon.emoji, "🦎")
  const data_source_id = zoo.source_id
  const rows = async () => {
    const filter = { property: "Name", title: { equals: "longer" } }
    return (await notion.dataSources.query({ data_source_id, filter })).results.length
  }
  assert.equal(await rows(), 1)
  assert.equal((await trash(page)).in_trash, true)
  assert.equal(await rows(), 0)
  assert.equal((await notion.pages.retrieve({ page_id })).in_trash, true)
  assert.equal((await notion.pages.update({ page_id, in_trash: false })).in_trash, false)
  assert.equal(await rows(), 1)
  await notion.blocks.delete({ block_id: page_id })
  assert.equal((await notion.pages.retrieve({ page_id })).in_trash, true)
})

test("pages: parent page, children, filter_properties", async () => {
  const page = await notion.pages.create({
    parent: root,
    properties: { title: { title: text("Notes") } },
    children: [{ paragraph: { rich_text: text("first") } }],
  })
  assert.deepEqual(Object.keys(page.properties), ["title"])
  const { results } = await notion.blocks.children.list({ block_id: page.id })
  assert.equal(plain(results[0].paragraph.rich_text), "first")
  const some = await notion.pages.retrieve({
    page_id: zoo.pages.alpha.id,
    filter_properties: [zoo.property_id("Num"), "title"],
  })
  assert.deepEqual(Object.keys(some.properties).sort(), ["Name", "Num"])
  const list = await notion.dataSources.query({
    data_source_id: zoo.source_id,
    filter_properties: [zoo.property_id("Tags")],
  })
  for (const row of list.results) assert.deepEqual(Object.keys(row.properties), ["Tags"])
})

test("property items: one value, pages of many", async () => {
  const item = (name, more = {}) =>
    notion.pages.properties.retrieve({
      page_id: zoo.pages.beta.id,
      property_id: zoo.property_id(name),
      ...more,
    })
  assert.equal((await item("Num")).number, 2.5)
  assert.equal((await item("Pick")).select.name, "B")
  assert.equal((await item("Done")).checkbox, false)
  const title = await item("Name")
  assert.equal(title.object, "list")
  assert.equal(title.results[0].title.plain_text, "beta")
  const people = await item("Who")
  assert.equal(people.results[0].people.id, zoo.people[1])
  const first = await item("Peer", { page_size: 1 })
  assert.equal(first.has_more, true)
  assert.equal(first.results[0].relation.id, zoo.peers[0])
  const second = await item("Peer", { start_cursor: first.next_cursor })
  assert.equal(second.results[0].relation.id, zoo.peers[1])
  assert.equal(second.next_cursor, null)
  for (const name of Object.keys(zoo.source.properties)) await item(name)
})

test("more than 25 references are cut in the page, not in the property", async () => {
  const peers = []
  for (let i = 0; i < 30; i++) {
    const page = await make_page(`many ${i}`)
    peers.push({ id: page.id })
  }
  const self = { relation: { data_source_id: zoo.source_id, single_property: {} } }
  const source = await notion.dataSources.update({
    data_source_id: zoo.source_id,
    properties: { Self: self },
  })
  const page = await make_page("hub", { Self: { relation: peers } })
  assert.equal(page.properties.Self.relation.length, 25)
  assert.equal(page.properties.Self.has_more, true)
  const { results, has_more } = await notion.pages.properties.retrieve({
    page_id: page.id,
    property_id: source.properties.Self.id,
    page_size: 100,
  })
  assert.deepEqual(
    results.map((one) => one.relation),
    peers,
  )
  assert.equal(has_more, false)
  await notion.dataSources.update({ data_source_id: zoo.source_id, properties: { Self: null } })
  for (const one of [page, ...peers]) await trash(one)
})

test("blocks: append, list by pages, nest, update, delete", async () => {
  const page = await make_page("story")
  const block_id = page.id
  const paragraph = (content) => ({ type: "paragraph", paragraph: { rich_text: text(content) } })
  const seven = Array.from({ length: 7 }, (_, i) => paragraph(`p${i}`))
  const { results: made } = await notion.blocks.children.append({ block_id, children: seven })
  assert.equal(made.length, 7)
  const listed = await collectPaginatedAPI(notion.blocks.children.list, { block_id, page_size: 3 })
  assert.ok(listed.every(isFullBlock))
  assert.deepEqual(
    listed.map((block) => plain(block.paragraph.rich_text)),
    "p0 p1 p2 p3 p4 p5 p6".split(" "),
  )

  await notion.blocks.children.append({
    block_id,
    children: [
      { heading_2: { rich_text: text("Part") } },
      { to_do: { rich_text: text("buy"), checked: true } },
      { bulleted_list_item: { rich_text: text("outer"), children: [paragraph("inner")] } },
      { code: { rich_text: text("select 1"), language: "sql" } },
      { divider: {} },
    ],
    position: { type: "after_block", after_block: { id: made[0].id } },
  })
  const order = await collectPaginatedAPI(notion.blocks.children.list, { block_id })
  assert.deepEqual(order.map((block) => block.type).slice(0, 6), [
    "paragraph",
    "heading_2",
    "to_do",
    "bulleted_list_item",
    "code",
    "divider",
  ])
  const nested = await notion.blocks.children.list({ block_id: order[3].id })
  assert.equal(plain(nested.results[0].paragraph.rich_text), "inner")
  const edited = await notion.blocks.update({
    block_id: order[2].id,
    to_do: { rich_text: text("sell"), checked: false },
  })
  assert.equal(edited.to_do.checked, false)
  const gone = await notion.blocks.delete({ block_id: order[1].id })
  assert.equal(gone.in_trash, true)
  const seen = await notion.blocks.retrieve({ block_id: order[2].id })
  assert.equal(plain(seen.to_do.rich_text), "sell")
  const left = await collectPaginatedAPI(notion.blocks.children.list, { block_id })
  assert.equal(left.length, 11)
  await trash(page)
})

test("pages move, have comments, and no templates", async () => {
  const page = await notion.pages.create({
    parent: root,
    properties: { title: { title: text("Nomad") } },
  })
  const page_id = page.id
  const moved = await notion.pages.move({ page_id, parent: { data_source_id: zoo.source_id } })
  assert.equal(moved.parent.data_source_id, zoo.source_id)
  assert.equal(plain(moved.properties.Name.title), "Nomad")
  const said = await notion.comments.create({ parent: { page_id }, rich_text: text("welcome") })
  const { results } = await notion.comments.list({ block_id: page_id })
  assert.deepEqual(
    results.map((comment) => comment.id),
    [said.id],
  )
  const { templates } = await notion.dataSources.listTemplates({ data_source_id: zoo.source_id })
  assert.deepEqual(templates, [])
  await trash(page)
})

test("markdown: get and replace", async () => {
  const page = await make_page("text")
  const page_id = page.id
  const replaced = await notion.pages.updateMarkdown({
    page_id,
    type: "replace_content",
    replace_content: { new_str: "# Title\n\nSome **bold** text\n\n- one\n- two" },
  })
  assert.equal(replaced.object, "page_markdown")
  const { markdown, truncated } = await notion.pages.retrieveMarkdown({ page_id })
  for (const piece of ["# Title", "**bold**", "- one", "- two"]) {
    assert.ok(markdown.includes(piece), markdown)
  }
  assert.equal(truncated, false)
  const { results } = await notion.blocks.children.list({ block_id: page_id })
  assert.deepEqual(
    results.map((block) => block.type),
    ["heading_1", "paragraph", "bulleted_list_item", "bulleted_list_item"],
  )
  await trash(page)
})

test("paging: every row once, cursors are checked", async () => {
  const rows = []
  for (let i = 0; i < 23; i++)
    rows.push((await make_page(`row ${i}`, { Num: { number: 1000 + i } })).id)
  const data_source_id = zoo.source_id
  const query = { data_source_id, filter: { property: "Num", number: { greater_than: 999 } } }
  for (const page_size of [1, 10, 23, 100]) {
    const pages = await collectPaginatedAPI(notion.dataSources.query, { ...query, page_size })
    assert.deepEqual(pages.map((page) => page.id).sort(), [...rows].sort())
  }
  const first = await notion.dataSources.query({ ...query, page_size: 10 })
  assert.equal(first.has_more, true)
  const bad = { ...query, start_cursor: "s:bad:cursor" }
  await refused(notion.dataSources.query(bad), "validation_error", 400)
  await refused(notion.dataSources.query({ ...query, page_size: 101 }), "validation_error", 400)
  for (const id of rows) await trash({ id })
})

test("iterateAllDataSourceRows passes the cap of a query", async () => {
  const source = await notion.databases.create({
    parent: root,
    title: text("Long"),
    initial_data_source: { properties: { Name: { title: {} } } },
  })
  const data_source_id = source.data_sources[0].id
  const made = new Set()
  for (let minute = 0; minute < 5; minute++) {
    await lab.set_clock(`2026-03-18T13:0${minute}:00.000Z`)
    for (let i = 0; i < 60; i++) {
      const page = await notion.pages.create({
        parent: { type: "data_source_id", data_source_id },
        properties: { Name: { title: text(`${minute}.${i}`) } },
      })
      made.add(page.id)
    }
  }
  await lab.set_clock("2026-03-18T14:00:00.000Z")
  const capped = []
  let status, start_cursor
  do {
    const list = await notion.dataSources.query({ data_source_id, start_cursor })
    status = list.request_status
    capped.push(...list.results)
    start_cursor = list.next_cursor ?? undefined
  } while (start_cursor)
  assert.equal(capped.length, query_limit)
  assert.deepEqual(status, { type: "incomplete", incomplete_reason: "query_result_limit_reached" })
  const all = await collectAllDataSourceRows(notion, { data_source_id })
  assert.deepEqual(new Set(all.map((row) => row.id)), made)
})

test("every exchange of this file validates", async () => {
  const { totals, failures } = await validate_lines(await lab.journal())
  console.log(`scenario: ${describe_totals(totals)}`)
  assert.deepEqual(failures.slice(0, 3).map(describe_failure), [])
  assert.ok(totals.judged > 400)
})
