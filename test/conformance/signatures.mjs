// The SDK's verifyWebhookSignature and ours on 10,000 random bodies, tokens and signatures: right
// ones, and wrong in every way that a forger or a proxy would think of. scope: one run.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import test from "node:test"
import { signWebhookPayload, verifyWebhookSignature } from "@notionhq/client"

const program = fileURLToPath(new URL("../../build/judged-signatures", import.meta.url))
const cases = 10_000

// The same numbers in every run: mulberry32.
let state = 20261125
function random(below) {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) % below
}
const letters = ["a", "Z", " ", "\n", "\\", '"', "{", "}", "é", "漢", "😀", "\u0000", "\u2028"]
const text = (most) =>
  Array.from({ length: random(most) }, () => letters[random(letters.length)]).join("")

async function made() {
  const token = "secret_" + text(40)
  const body = random(4) ? JSON.stringify({ id: text(20), data: text(200) }) : text(300)
  const right = await signWebhookPayload({ body, verificationToken: token })
  const at = 7 + random(64)
  const wrong = [
    () => right,
    () => right,
    () => right,
    () => right.slice(0, at) + (right[at] === "0" ? "1" : "0") + right.slice(at + 1),
    () => right.slice(7),
    () => right.slice(0, -1),
    () => right + "0",
    () => right.toUpperCase(),
    () => "sha1=" + right.slice(7),
    () => "",
    () => text(80),
    () => "sha256=" + "0".repeat(64),
  ]
  const signature = wrong[random(wrong.length)]()
  const altered = random(5) ? body : body + " "
  return { token, signature, body: altered }
}

const hex = (value) => Buffer.from(value, "utf8").toString("hex")

test("the SDK and ours agree on 10,000 random signatures", async () => {
  const all = []
  for (let i = 0; i < cases; i++) all.push(await made())
  const lines = all.map((it) => [it.token, it.signature, it.body].map(hex).join("\t")).join("\n")
  const run = spawnSync(program, { input: lines + "\n", encoding: "utf8", maxBuffer: 1 << 24 })
  assert.equal(run.status, 0, run.stderr)
  const ours = run.stdout.trim().split("\n")
  assert.equal(ours.length, cases)
  let held = 0
  for (const [i, it] of all.entries()) {
    const theirs = await verifyWebhookSignature({
      body: it.body,
      signature: it.signature,
      verificationToken: it.token,
    })
    held += theirs ? 1 : 0
    assert.equal(ours[i] === "1", theirs, JSON.stringify(it))
  }
  assert.ok(held > cases / 10 && held < cases, `${held} of them hold`)
})
