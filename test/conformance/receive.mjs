// receive.mjs URL TOKEN DATA_SOURCE: the official SDK receives every row of a data source and does
// nothing with them. Prints one line of JSON: rows, ms.
// What our own scans are measured against. scope: one run.
import { Client, iterateAllDataSourceRows } from "@notionhq/client"

const [baseUrl, auth, data_source_id] = process.argv.slice(2)
if (!data_source_id) {
  console.error("usage: receive.mjs URL TOKEN DATA_SOURCE")
  process.exit(2)
}
const notion = new Client({ baseUrl, auth, notionVersion: "2026-03-11", logger: () => {} })
const since = performance.now()
let rows = 0
for await (const _ of iterateAllDataSourceRows(notion, { data_source_id, page_size: 100 }))
  rows += 1
console.log(JSON.stringify({ rows, ms: Math.round(performance.now() - since) }))
