// Where the recorded real exchanges are, and how to read them. The recordings are data beside the
// repository, never in it. scope: call.
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const beside = "../../../shared/notion/recorded-python-clients.jsonl"
const file = process.env.NOTION_RECORDINGS ?? join(dirname(fileURLToPath(import.meta.url)), beside)

// A reason to skip, or false: what node:test takes as its `skip` option.
export const no_recordings = existsSync(file) ? false : `no recordings at ${file}`

export function recorded_lines() {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((text) => text !== "")
}

export function recorded_exchanges() {
  return recorded_lines().map((text) => JSON.parse(text))
}
