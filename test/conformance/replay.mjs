// The recorded data sources are rebuilt in the emulator, and every recorded query is put to them:
// by recorded requests where the recording made them, by loading recorded objects where it found
// them. The emulator must return the recorded rows, in the recorded order, with their values.
// Skips, and says so, without the recordings. scope: one emulator a cassette.
import assert from "node:assert/strict"
import test from "node:test"
import { start_emulator } from "./lab.mjs"
import { Binding, comparable_page, Replayer } from "./rebuild.mjs"
import { no_recordings, recorded_exchanges } from "./recordings.mjs"
import { describe_failure, describe_totals, validate_lines } from "./validate.mjs"

const skip = no_recordings
const is_query = (exchange) => new URL(exchange.uri).pathname.endsWith("/query")
const source_of = (exchange) => new URL(exchange.uri).pathname.split("/")[3]

// {name: exchanges in order} of the cassettes that hold a query.
function cassettes() {
  const result = new Map()
  for (const exchange of recorded_exchanges()) {
    const name = `${exchange.source} ${exchange.file.replace(/^.*cassettes\//, "")}`
    if (!result.has(name)) result.set(name, [])
    result.get(name).push(exchange)
  }
  for (const [name, exchanges] of result) {
    exchanges.sort((a, b) => a.n - b.n)
    if (!exchanges.some(is_query)) result.delete(name)
  }
  return result
}
