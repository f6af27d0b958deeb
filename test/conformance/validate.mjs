// validate.mjs FILE.jsonl...: every exchange of journals or recordings against the SDK's types.
// Prints a line of totals; shows the first failures with their exchange; exit status 1 on any.
// Of an answer that a fault spoiled on purpose, or that never came, only the request is judged.
import { createReadStream } from "node:fs"
import { createInterface } from "node:readline"
import { pathToFileURL } from "node:url"
import { judge } from "./judge.mjs"

const shown_failures = 5
const shown_errors = 5
// Faults of the emulator (test/emulator/faults.hpp) that change what an answer says.
const spoiling = new Set(["garbage", "omit_properties"])
// So does a status that somebody between us and Notion answers, with a page of its own.
const is_spoiled = (line) =>
  !line.status ||
  spoiling.has(line.fault) ||
  (line.fault === "status" && typeof line.response === "string")

// `others`: the requests are another client's, as recorded ones are. What the real server accepted
// beyond its types is counted, not failed.
export async function validate_lines(lines, { others = false } = {}) {
  const totals = { judged: 0, passed: 0, failed: 0, spoiled: 0, other_requests: 0 }
  const failures = []
  const deviations = []
  for await (const text of lines) {
    if (text.trim() === "") continue
    const line = JSON.parse(text)
    const path = line.path ?? new URL(line.uri).pathname
    if (!path.startsWith("/v1/")) continue
    if (path === "/v1/oauth/authorize") continue // a page for people
    const spoiled = is_spoiled(line)
    totals[spoiled ? "spoiled" : "judged"] += 1
    const { route, request, response } = judge(line)
    const ours = line.uri === undefined && !others
    const label = (kind, texts) => texts.map((text) => `${kind} ${text}`)
    const errors = [
      ...(ours ? label("request", request) : []),
      ...(spoiled ? [] : label("response", response)),
    ]
    if (!ours && request.length > 0) {
      totals.other_requests += 1
      deviations.push({ line, route, errors: request })
    }
    if (errors.length > 0 || !spoiled) totals[errors.length === 0 ? "passed" : "failed"] += 1
    if (errors.length > 0) failures.push({ line, route, errors })
  }
  return { totals, failures, deviations }
}

export function describe_failure({ line, route, errors }) {
  const brief = (value) => {
    const text = JSON.stringify(value) ?? ""
    return text.length > 1500 ? text.slice(0, 1500) + "…" : text
  }
  const query = line.query
    ? `?${typeof line.query === "string" ? line.query : brief(line.query)}`
    : ""
  return [
    `${line.method} ${line.path ?? line.uri}${query} (${route}, ${line.version}) ${line.status}`,
    ...errors.slice(0, shown_errors).map((text) => `    ${text}`),
    `    request body:  ${brief(line.request ?? line.req)}`,
    `    response body: ${brief(line.response ?? line.resp)}`,
  ].join("\n")
}

export function describe_totals(totals) {
  const { judged, passed, failed, spoiled, other_requests } = totals
  const text = `${judged} exchanges judged, ${passed} passed, ${failed} failed`
  const more = spoiled > 0 ? `, ${spoiled} spoiled by a fault` : ""
  return text + more + (other_requests > 0 ? `, ${other_requests} requests beyond the types` : "")
}

export function lines_of(file) {
  return createInterface({ input: createReadStream(file), crlfDelay: Infinity })
}

async function main(files) {
  let failed = 0
  for (const file of files) {
    const { totals, failures } = await validate_lines(lines_of(file))
    for (const failure of failures.slice(0, shown_failures)) console.log(describe_failure(failure))
    console.log(`${file}: ${describe_totals(totals)}`)
    failed += totals.failed
  }
  return failed === 0 && files.length > 0 ? 0 : 1
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.slice(2))
}
