// One emulator a test file: a process of its own on a free port, ended by its handle.
// Assumes NOTION_EMULATOR names the binary (test/conformance/run sets it).
// scope: process.
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import assert from "node:assert/strict"
import { Client, isNotionClientError } from "@notionhq/client"

const beside = join(dirname(fileURLToPath(import.meta.url)), "../../build/notion-emulator")
// A page of the workspace that everything is made under; ids and shape as Notion answers them.
const root_id = "11111111-0000-4000-8000-000000000001"
const root_text = [{ type: "text", text: { content: "Lab" }, plain_text: "Lab" }]
const author = { object: "user", id: "11111111-0000-4000-8000-0000000000aa" }
const root_page = {
  object: "page",
  id: root_id,
  created_time: "2026-01-01T00:00:00.000Z",
  last_edited_time: "2026-01-01T00:00:00.000Z",
  created_by: author,
  last_edited_by: author,
  parent: { type: "workspace", workspace: true },
  properties: { title: { id: "title", type: "title", title: root_text } },
}
const people = [
  { id: author.id, name: "Ada Example", type: "person" },
  { name: "Bela Example", type: "person" },
]

const binary = process.env.NOTION_EMULATOR ?? beside

// Resolves to the port; rejects when the program ends or cannot be started.
function listening(child) {
  return new Promise((resolve, reject) => {
    child.on("error", reject)
    child.on("exit", (code, signal) => reject(new Error(`emulator ended: ${code ?? signal}`)))
    createInterface({ input: child.stdout }).on("line", (line) => {
      const match = /listening on 127\.0\.0\.1:(\d+)/.exec(line)
      if (match) resolve(Number(match[1]))
    })
  })
}

export async function start_emulator(...options) {
  const child = spawn(binary, ["--port", "0", ...options], { stdio: ["ignore", "pipe", "inherit"] })
  const kill = () => child.kill("SIGTERM")
  process.on("exit", kill)
  const url = `http://127.0.0.1:${await listening(child)}`

  async function control(method, path, body) {
    const text = typeof body === "string" ? body : JSON.stringify(body)
    const answer = await fetch(`${url}/_emulator/${path}`, { method, body: text })
    const reply = await answer.text()
    if (!answer.ok) throw new Error(`${method} /_emulator/${path}: ${answer.status} ${reply}`)
    return reply
  }

  const post = async (path, body) => JSON.parse(await control("POST", path, body))
  const world = { users: people, data_sources: [], pages: [root_page], replace: true }
  const reset = async () => {
    await post("load", world)
    await post("clock", { real: true })
  }
  await reset()

  return {
    url,
    root_id,
    reset,
    load: (world) => post("load", world),
    limits: (limits) => post("limits", limits),
    set_clock: (now) => post("clock", { now }),
    advance: (advance_ms) => post("clock", { advance_ms }),
    fault: (rule) => post("faults", rule),
    connect: (client) => post("oauth", client),
    semantics: (switches) => post("semantics", switches),
    subscribe: (hook) => post("webhooks", { url: hook, retry_base_ms: 2 }),
    drain: () => post("webhooks/drain"),
    // A person's token has no budget; most tests act as an integration with a large one.
    client: (auth, options = {}) =>
      new Client({
        auth,
        baseUrl: url,
        notionVersion: "2026-03-11",
        retry: false,
        logger: () => {},
        ...options,
      }),
    journal: async () => (await control("GET", "journal")).split("\n").filter(Boolean),
    stop: () =>
      new Promise((resolve) => {
        process.off("exit", kill)
        if (child.exitCode !== null || child.signalCode !== null) return resolve()
        child.removeAllListeners("exit")
        child.on("exit", resolve)
        kill()
      }),
  }
}

// The SDK's own error, with this code and status.
export const refused = (promise, code, status) =>
  assert.rejects(promise, (error) => {
    assert.ok(isNotionClientError(error), String(error))
    assert.equal(error.code, code, error.message)
    assert.equal(error.status, status)
    return true
  })
