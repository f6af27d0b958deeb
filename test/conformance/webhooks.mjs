// The emulator's webhooks before the SDK: its signature check, and its types of payloads.
// A listener on a free port takes the deliveries; the emulator's drain says when all have arrived.
// scope: process.
import assert from "node:assert/strict"
import { createServer } from "node:http"
import test, { after, before } from "node:test"
import { signWebhookPayload, verifyWebhookSignature } from "@notionhq/client"
import { check } from "./judge.mjs"
import { start_emulator } from "./lab.mjs"
import { make_zoo } from "./zoo.mjs"

const text = (content) => [{ type: "text", text: { content } }]

let lab, notion, person, zoo, listener, subscription
const deliveries = []
let answer = 200

async function body_of(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function listen() {
  const server = createServer(async (request, response) => {
    const raw = await body_of(request)
    deliveries.push({
      raw,
      signature: request.headers["x-notion-signature"],
      body: JSON.parse(raw),
    })
    response.writeHead(answer).end()
  })
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)))
}

before(async () => {
  lab = await start_emulator("--budget", "100000/60")
  notion = lab.client("ntn_bot_conformance")
  person = lab.client("ntn_person_ada")
  zoo = await make_zoo(lab, notion)
  listener = await listen()
  const url = `http://127.0.0.1:${listener.address().port}/hook`
  subscription = await lab.subscribe(url)
  await lab.drain()
})
after(async () => {
  await lab?.stop()
  listener?.close()
})

// What `act` causes to be delivered, all of it.
async function caused_by(act) {
  await lab.drain()
  deliveries.length = 0
  await act()
  await lab.drain()
  return deliveries.map((delivery) => delivery.body)
}

const events = (bodies) => bodies.map((body) => body.type).sort()

const payload_type = (type) => {
  const words = type.split(/[._]/).map((word) => word[0].toUpperCase() + word.slice(1))
  return `${words.join("")}WebhookPayload`
}

test("the handshake carries the token and is signed with it", async () => {
  const [handshake] = deliveries
  const token = handshake.body.verification_token
  assert.match(token, /^secret_/)
  assert.equal(token, subscription.verification_token)
  const { raw, signature } = handshake
  assert.match(signature, /^sha256=[0-9a-f]{64}$/)
  assert.ok(await verifyWebhookSignature({ body: raw, signature, verificationToken: token }))
  assert.equal(signature, await signWebhookPayload({ body: raw, verificationToken: token }))
})

test("an edit of a person arrives, signed, with the person as its author", async () => {
  const page_id = zoo.pages.alpha.id
  const bodies = await caused_by(() =>
    person.pages.update({ page_id, properties: { Num: { number: 77 } } }),
  )
  assert.deepEqual(events(bodies), ["page.properties_updated"])
  const [body] = bodies
  assert.equal(body.entity.id, page_id)
  assert.equal(body.entity.type, "page")
  assert.deepEqual(
    body.authors.map((author) => author.type),
    ["person"],
  )
  assert.deepEqual(body.data.updated_properties, [zoo.property_id("Num")])
  assert.equal(body.data.parent.data_source_id, zoo.source_id)
  assert.equal(body.attempt_number, 1)

  const [{ raw, signature }] = deliveries
  const verify = (more) =>
    verifyWebhookSignature({
      body: raw,
      signature,
      verificationToken: subscription.verification_token,
      ...more,
    })
  assert.equal(await verify({}), true)
  assert.equal(await verify({ verificationToken: "secret_other" }), false)
  assert.equal(await verify({ body: Buffer.concat([raw, Buffer.from(" ")]) }), false)
})

test("an edit of an integration has a bot as its author", async () => {
  const page_id = zoo.pages.beta.id
  const bodies = await caused_by(() =>
    notion.pages.update({ page_id, properties: { Done: { checkbox: true } } }),
  )
  assert.deepEqual(
    bodies[0].authors.map((author) => author.type),
    ["bot"],
  )
})

test("the life of a page and of a schema, every payload of the SDK's type", async () => {
  const all = []
  const gather = async (expected, act) => {
    const bodies = await caused_by(act)
    assert.deepEqual(events(bodies), expected)
    all.push(...bodies)
  }
  let page_id
  const data_source_id = zoo.source_id
  await gather(["page.created"], async () => {
    const page = await person.pages.create({
      parent: { type: "data_source_id", data_source_id },
      properties: { Name: { title: text("epsilon") } },
    })
    page_id = page.id
  })
  await gather(["page.content_updated"], () =>
    person.blocks.children.append({
      block_id: page_id,
      children: [{ paragraph: { rich_text: text("more") } }],
    }),
  )
  await gather(["page.deleted"], () => person.pages.update({ page_id, in_trash: true }))
  await gather(["page.undeleted"], () => person.pages.update({ page_id, in_trash: false }))
  await gather(["data_source.schema_updated"], () =>
    person.dataSources.update({ data_source_id, properties: { More: { number: {} } } }),
  )
  for (const body of all) {
    assert.deepEqual(check(payload_type(body.type), body), [], JSON.stringify(body))
  }
  assert.equal(new Set(all.map((body) => body.id)).size, all.length)
})

test("what is not acknowledged comes again, with its number", async () => {
  answer = 500
  await lab.drain()
  deliveries.length = 0
  await person.pages.update({ page_id: zoo.pages.gamma.id, properties: { Num: { number: 4 } } })
  await lab.drain()
  answer = 200
  const bodies = deliveries.map((delivery) => delivery.body)
  assert.deepEqual(
    bodies.map((body) => body.attempt_number),
    [1, 2, 3, 4, 5, 6, 7, 8],
  )
  assert.equal(new Set(bodies.map((body) => body.id)).size, 1)
  const verificationToken = subscription.verification_token
  for (const { raw, signature } of deliveries) {
    assert.ok(await verifyWebhookSignature({ body: raw, signature, verificationToken }))
  }
})
