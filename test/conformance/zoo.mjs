// One data source with a property of every type and four rows, made by the SDK: alpha, beta and
// gamma hold values, delta is empty. A second data source, the peers, has two rows.
// Assumes an emulator whose clock obeys. scope: call.

const text = (content) => [{ type: "text", text: { content } }]
const hour = "2026-03-18T11:"

const peer_properties = { Name: { title: {} }, Weight: { number: { format: "number" } } }

const options = (...names) => ({ options: names.map((name) => ({ name })) })

const rollup = (name) => ({
  rollup: { relation_property_name: "Peer", rollup_property_name: "Weight", function: name },
})

const zoo_properties = (peer_source) => ({
  Name: { title: {} },
  Text: { rich_text: {} },
  Num: { number: { format: "euro" } },
  Done: { checkbox: {} },
  Pick: { select: options("A", "B") },
  Tags: { multi_select: options("x", "y", "z") },
  State: { status: {} },
  When: { date: {} },
  Who: { people: {} },
  Docs: { files: {} },
  Link: { url: {} },
  Mail: { email: {} },
  Tel: { phone_number: {} },
  Peer: { relation: { data_source_id: peer_source, type: "single_property", single_property: {} } },
  Seq: { unique_id: { prefix: "ZOO" } },
  Made: { created_time: {} },
  Edited: { last_edited_time: {} },
  Maker: { created_by: {} },
  Editor: { last_edited_by: {} },
  Twice: { formula: { expression: 'prop("Num") * 2' } },
  Load: rollup("sum"),
  Weights: rollup("show_original"),
})

const zoo_rows = (people, peers) => ({
  alpha: {
    Text: { rich_text: text("Hello World") },
    Num: { number: 1 },
    Done: { checkbox: true },
    Pick: { select: { name: "A" } },
    Tags: { multi_select: [{ name: "x" }, { name: "y" }] },
    State: { status: { name: "In progress" } },
    When: { date: { start: "2026-03-12" } },
    Who: { people: [{ id: people[0] }] },
    Docs: { files: [{ name: "plan", external: { url: "https://example.org/plan.pdf" } }] },
    Link: { url: "https://example.org/alpha" },
    Mail: { email: "a@example.org,alpha" },
    Tel: { phone_number: "+43 1 alpha" },
    Peer: { relation: [{ id: peers[0] }] },
  },
  beta: {
    Text: { rich_text: text("hello moon") },
    Num: { number: 2.5 },
    Done: { checkbox: false },
    Pick: { select: { name: "B" } },
    Tags: { multi_select: [{ name: "y" }] },
    State: { status: { name: "Done" } },
    When: { date: { start: "2026-03-18T10:30:45Z" } },
    Who: { people: [{ id: people[1] }] },
    Link: { url: "https://example.org/beta" },
    Mail: { email: "a@example.org,beta" },
    Tel: { phone_number: "+43 1 beta" },
    Peer: { relation: [{ id: peers[0] }, { id: peers[1] }] },
  },
  gamma: {
    Text: { rich_text: text("Goodbye") },
    Num: { number: -3 },
    Done: { checkbox: true },
    Pick: { select: { name: "A" } },
    Tags: { multi_select: [{ name: "z" }] },
    When: { date: { start: "2026-04-02", end: "2026-04-05" } },
    Link: { url: "https://example.org/gamma" },
    Mail: { email: "a@example.org,gamma" },
    Tel: { phone_number: "+43 1 gamma" },
    Peer: { relation: [{ id: peers[1] }] },
  },
  delta: {},
})

async function make_peers(notion, parent) {
  const database = await notion.databases.create({
    parent,
    title: text("Peers"),
    initial_data_source: { properties: peer_properties },
  })
  const source_id = database.data_sources[0].id
  const ids = []
  for (const weight of [10, 20]) {
    const page = await notion.pages.create({
      parent: { type: "data_source_id", data_source_id: source_id },
      properties: { Name: { title: text(`peer ${weight}`) }, Weight: { number: weight } },
    })
    ids.push(page.id)
  }
  return { source_id, ids }
}

export async function make_zoo(lab, notion) {
  await lab.set_clock(`${hour}00:10.000Z`)
  const { results: users } = await notion.users.list({})
  const people = users.filter((user) => user.type === "person").map((user) => user.id)
  const parent = { type: "page_id", page_id: lab.root_id }
  const { source_id: peer_source, ids: peers } = await make_peers(notion, parent)
  const database = await notion.databases.create({
    parent,
    title: text("Zoo"),
    initial_data_source: { properties: zoo_properties(peer_source) },
  })
  const source_id = database.data_sources[0].id
  const source = await notion.dataSources.retrieve({ data_source_id: source_id })

  const zoo = { database, source, source_id, people, peers, pages: {}, made_at: {} }
  zoo.property_id = (name) => source.properties[name].id
  let minute = 1
  for (const [name, properties] of Object.entries(zoo_rows(people, peers))) {
    const clock = `${hour}0${minute++}`
    await lab.set_clock(`${clock}:20.500Z`)
    zoo.pages[name] = await notion.pages.create({
      parent: { type: "data_source_id", data_source_id: source_id },
      properties: { Name: { title: text(name) }, ...properties },
    })
    zoo.made_at[name] = `${clock}:00.000Z`
  }
  await lab.set_clock("2026-03-18T12:00:00.000Z")
  return zoo
}
