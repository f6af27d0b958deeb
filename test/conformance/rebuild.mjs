// Repeats recorded exchanges against the emulator: recorded ids are bound to the emulator's as
// answers come, and put into the requests that follow.
// Assumes one cassette's exchanges in order. Refuses (returns a reason) what names an object that
// the cassette did not make and nobody bound. scope: one cassette.

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/
const bare = (id) => id.replaceAll("-", "")
const is_object = (value) => value !== null && typeof value === "object"

export class Binding {
  constructor() {
    this.mine = new Map()
    this.property_ids = new Map()
  }

  bind(recorded, mine) {
    this.mine.set(bare(recorded), mine)
  }

  of(recorded) {
    return this.mine.get(bare(recorded))
  }

  // Wherever both answers hold an id in the same place, the two ids name the same thing.
  learn(recorded, mine) {
    if (typeof recorded === "string" && typeof mine === "string") {
      if (uuid.test(recorded) && uuid.test(mine) && !this.of(recorded)) this.bind(recorded, mine)
    } else if (is_object(recorded) && is_object(mine)) {
      this.learn_property(recorded, mine)
      for (const key of Object.keys(recorded)) {
        if (key !== "request_id") this.learn(recorded[key], mine[key])
      }
    }
  }

  // A property's id is four arbitrary characters: the only short strings that are replaced.
  learn_property(recorded, mine) {
    for (const key of ["id", "synced_property_id"]) {
      const ids = [recorded[key], mine[key]]
      if (ids.some((id) => typeof id !== "string" || uuid.test(id)) || ids[0] === "title") continue
      this.property_ids.set(...ids)
    }
  }

  // The same value in the emulator's ids; ids without a binding go to `unknown`.
  translate(value, unknown = []) {
    if (typeof value === "string" && uuid.test(value)) {
      const known = this.of(value)
      if (!known) unknown.push(value)
      return known ?? value
    }
    if (typeof value === "string") return this.property_ids.get(value) ?? value
    if (Array.isArray(value)) return value.map((one) => this.translate(one, unknown))
    if (!is_object(value)) return value
    const entries = Object.entries(value)
    return Object.fromEntries(
      entries.map(([k, v]) => [this.property_ids.get(k) ?? k, this.translate(v, unknown)]),
    )
  }
}

export class Replayer {
  constructor(lab, binding) {
    this.lab = lab
    this.binding = binding
    this.clock = 0
  }

  // Notion's minute at which this was recorded, as far as its answer tells; never backwards.
  async follow_clock(exchange) {
    const { object, created_time, last_edited_time } = exchange.resp
    const written = exchange.method !== "GET" && object !== "list" && object !== "error"
    const times = written ? [created_time, last_edited_time].map((t) => Date.parse(t)) : []
    const time = Math.max(this.clock, ...times.filter((t) => !Number.isNaN(t)))
    if (time === this.clock) return
    this.clock = time
    await this.lab.set_clock(new Date(time).toISOString())
  }

  // {mine: {status, response}} or {reason}.
  async repeat(exchange) {
    await this.follow_clock(exchange)
    const unknown = []
    const url = new URL(exchange.uri)
    const path = url.pathname.split("/").map((part) => this.binding.translate(part, unknown))
    const query = new URLSearchParams()
    for (const [k, v] of url.searchParams) query.append(k, this.binding.translate(v, unknown))
    const body = this.binding.translate(exchange.req, unknown)
    // Option ids of a schema are not objects: what is named as well can do without.
    const objects = unknown.filter(
      (id) => !JSON.stringify(body ?? {}).includes(`"id":"${id}","color`),
    )
    if (objects.length > 0) return { reason: `unknown object ${objects[0]}` }
    const answer = await fetch(`${this.lab.url}${path.join("/")}?${query}`, {
      method: exchange.method,
      headers: {
        "authorization": "Bearer ntn_bot_recorded",
        "notion-version": exchange.version,
        "content-type": "application/json",
      },
      body: body === null || body === undefined ? undefined : JSON.stringify(body),
    })
    const response = await answer.json()
    if (answer.status < 300 && response.object !== "list") {
      this.binding.learn(exchange.resp, response)
    }
    return { mine: { status: answer.status, response } }
  }
}

// What two pages must have in common: everything but ids, addresses, users, and what Notion
// computes from a language of its own.
export function comparable_page(page, binding) {
  const properties = {}
  for (const [name, property] of Object.entries(page.properties)) {
    if (["formula", "rollup", "button"].includes(property.type)) continue
    properties[name] = comparable_value(property)
  }
  const { created_time, last_edited_time, in_trash, icon, cover } = page
  return binding.translate({ created_time, last_edited_time, in_trash, icon, cover, properties })
}

function comparable_value({ type, ...rest }) {
  const value = rest[type]
  const option = (one) => (one ? { name: one.name, color: one.color } : one)
  if (type === "select" || type === "status") return { type, value: option(value) }
  if (type === "multi_select") return { type, value: value.map(option) }
  if (type === "created_by" || type === "last_edited_by") return { type, id: value.id }
  if (type === "people") return { type, ids: value.map((user) => user.id) }
  if (type === "files") return { type, names: value.map((file) => [file.name, file.type]) }
  return { type, value }
}

// {name: exchanges in order}.
export function by_cassette(exchanges) {
  const result = new Map()
  for (const exchange of exchanges) {
    const name = `${exchange.source}: ${exchange.file.replace(/^.*cassettes\//, "")}`
    if (!result.has(name)) result.set(name, [])
    result.get(name).push(exchange)
  }
  for (const cassette of result.values()) cassette.sort((a, b) => a.n - b.n)
  return result
}
