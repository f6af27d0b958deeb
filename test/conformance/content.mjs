// The official SDK on the content of pages: Markdown, large pages, appends. Its types judge every
// exchange at the end. scope: process.
import assert from "node:assert/strict"
import test, { after, before } from "node:test"
import { refused, start_emulator } from "./lab.mjs"
import { describe_failure, describe_totals, validate_lines } from "./validate.mjs"

let lab, notion

before(async () => {
  lab = await start_emulator("--budget", "100000/60")
  notion = lab.client("ntn_bot_conformance")
})
after(() => lab?.stop())

const make_page = (markdown) =>
  notion.pages.create({
    parent: { type: "page_id", page_id: lab.root_id },
    properties: { title: { title: [{ text: { content: "Page" } }] } },
    markdown,
  })

const append = (page_id, content) =>
  notion.pages.updateMarkdown({ page_id, type: "insert_content", insert_content: { content } })

test("what is appended comes last, and its blocks name their author", async () => {
  const { id: page_id } = await make_page("# Log")
  await append(page_id, "one\n- two")
  const { markdown } = await append(page_id, "three")
  assert.equal(markdown, "# Log\none\n- two\nthree")
  const { results } = await notion.blocks.children.list({ block_id: page_id })
  assert.equal(results.length, 4)
  const me = await notion.users.me({})
  for (const block of results) {
    assert.equal(block.created_by.id, me.id)
    assert.match(block.created_time, /:00\.000Z$/)
  }
})

test("a large page is cut, and its parts are given by themselves", async () => {
  const { id: page_id } = await make_page("- a\n- b\n- c\n- d")
  await lab.limits({ markdown_blocks: 2 })
  const cut = await notion.pages.retrieveMarkdown({ page_id })
  assert.equal(cut.truncated, true)
  assert.equal(cut.unknown_block_ids.length, 2)
  for (const id of cut.unknown_block_ids) {
    assert.ok(cut.markdown.includes(id.replaceAll("-", "")))
    const part = await notion.pages.retrieveMarkdown({ page_id: id })
    assert.match(part.markdown, /^- [cd]$/)
  }
  await lab.limits({ markdown_blocks: 20000 })
  const whole = await notion.pages.retrieveMarkdown({ page_id })
  assert.equal(whole.markdown, "- a\n- b\n- c\n- d")
})

test("templates are listed, chosen, and exclude other content", async () => {
  await lab.load({
    databases: [
      {
        title: "Projects",
        id: "22222222-0000-4000-8000-000000000001",
        properties: { Name: "title" },
        templates: [
          { name: "Grant", markdown: "# Budget", is_default: true },
          { name: "Story", markdown: "# Once" },
        ],
      },
    ],
  })
  const database = await notion.databases.retrieve({
    database_id: "22222222-0000-4000-8000-000000000001",
  })
  const data_source_id = database.data_sources[0].id
  const { templates } = await notion.dataSources.listTemplates({ data_source_id })
  assert.deepEqual(
    templates.map((one) => [one.name, one.is_default]),
    [
      ["Grant", true],
      ["Story", false],
    ],
  )
  const named = await notion.dataSources.listTemplates({ data_source_id, name: "story" })
  assert.equal(named.templates.length, 1)
  const parent = { type: "data_source_id", data_source_id }
  const content = async (template) => {
    const page = await notion.pages.create({ parent, properties: {}, template })
    return (await notion.pages.retrieveMarkdown({ page_id: page.id })).markdown
  }
  assert.equal(await content({ type: "default" }), "# Budget")
  assert.equal(await content({ type: "template_id", template_id: templates[1].id }), "# Once")
  assert.equal(await content({ type: "none" }), "")
  const template = { type: "default" }
  await refused(
    notion.pages.create({ parent, properties: {}, template, markdown: "x" }),
    "validation_error",
    400,
  )
})

test("a file is uploaded, attached, and read with its expiry", async () => {
  const sent = { mode: "single_part", filename: "a.txt", content_type: "text/plain" }
  const { id, status } = await notion.fileUploads.create(sent)
  assert.equal(status, "pending")
  const file = { filename: "a.txt", data: new Blob(["hello"], { type: "text/plain" }) }
  const uploaded = await notion.fileUploads.send({ file_upload_id: id, file })
  assert.equal(uploaded.status, "uploaded")
  assert.equal(uploaded.content_length, 5)
  const { data_sources } = await notion.databases.create({
    parent: { type: "page_id", page_id: lab.root_id },
    title: [{ text: { content: "Papers" } }],
    initial_data_source: { properties: { Name: { title: {} }, Files: { files: {} } } },
  })
  const page = await notion.pages.create({
    parent: { type: "data_source_id", data_source_id: data_sources[0].id },
    properties: { Files: { files: [{ type: "file_upload", file_upload: { id } }] } },
  })
  const [attached] = page.properties.Files.files
  assert.equal(attached.name, "a.txt")
  assert.ok(new Date(attached.file.expiry_time) > new Date())
  const { results } = await notion.fileUploads.list({})
  assert.equal(results.length, 1)
})

test("every exchange of this file validates", async () => {
  const { totals, failures } = await validate_lines(await lab.journal())
  console.log(`content: ${describe_totals(totals)}`)
  assert.deepEqual(failures.slice(0, 3).map(describe_failure), [])
  assert.ok(totals.judged >= 10)
})
