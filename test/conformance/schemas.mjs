// The judge's law book: JSON Schemas generated from the types of the official SDK, and the SDK's
// own endpoint table as the list of routes, so that no list here can drift from the SDK.
// Assumes npm ci. Makes the types stricter (no partial objects where a full one is an alternative)
// and laxer only where real answers differ: see allow().
// scope: process; the generated schemas are cached under node_modules/.cache.
import { readFileSync, writeFileSync, mkdirSync, renameSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const require = createRequire(import.meta.url)
const here = dirname(fileURLToPath(import.meta.url))
const modules = join(here, "node_modules")
const client = join(modules, "@notionhq/client")

function version_of(name) {
  return JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8")).version
}

// The equivalent of: ts-json-schema-generator --type '*' --additional-properties --expose export
function generate() {
  const { createGenerator } = require("ts-json-schema-generator")
  const generator = createGenerator({
    path: join(client, "build/src/api-endpoints.d.ts"),
    type: "*",
    expose: "export",
    additionalProperties: true,
    skipTypeCheck: true,
    topRef: true,
  })
  return generator.createSchema("*")
}

export function raw_schemas() {
  const versions = [version_of("@notionhq/client"), version_of("ts-json-schema-generator")]
  const cache = join(modules, ".cache", "pg-notion", `sdk-${versions.join("-")}.json`)
  try {
    return JSON.parse(readFileSync(cache, "utf8"))
  } catch (error) {
    if (error.code !== "ENOENT") throw error
  }
  const schemas = generate()
  mkdirSync(dirname(cache), { recursive: true })
  // Written aside and renamed: two runs at once never see half a file.
  writeFileSync(`${cache}.${process.pid}`, JSON.stringify(schemas))
  renameSync(`${cache}.${process.pid}`, cache)
  return JSON.parse(JSON.stringify(schemas))
}

function walk(node, visit) {
  if (node === null || typeof node !== "object") return
  if (!Array.isArray(node)) visit(node)
  for (const key of Object.keys(node)) walk(node[key], visit)
}

const ref = (name) => ({ $ref: `#/definitions/${name}` })
const is_ref = (node, name) => node.$ref === ref(name).$ref

// `PartialPage | Page` accepts any {object, id}: a judge that can say no drops the partial.
function strengthen(definitions) {
  const kinds = ["Page", "Block", "DataSource", "Database", "Comment", "DataSourceView"]
  const pairs = kinds.map((kind) => [`Partial${kind}ObjectResponse`, `${kind}ObjectResponse`])
  walk(definitions, (node) => {
    if (!Array.isArray(node.anyOf)) return
    for (const [partial, full] of pairs) {
      if (!node.anyOf.some((branch) => is_ref(branch, full))) continue
      node.anyOf = node.anyOf.filter((branch) => !is_ref(branch, partial))
    }
  })
}

// The only allowances. Real answers lack these fields and hold these configurations; the recorded
// exchanges are the evidence (see the README of this folder). What is present is still checked.
export const allowances = {
  absent: ["archived", "is_archived"],
  absent_in_search: ["is_locked"],
  configurations: ["place", "button", "verification"],
}

function drop_required(node, names) {
  if (Array.isArray(node.required)) {
    node.required = node.required.filter((name) => !names.includes(name))
  }
}

function allow(definitions) {
  walk(definitions, (node) => drop_required(node, allowances.absent))

  const page = structuredClone(definitions.PageObjectResponse)
  drop_required(page, allowances.absent_in_search)
  definitions.PageInSearch = page
  walk(definitions.SearchResponse, (node) => {
    if (is_ref(node, "PageObjectResponse")) Object.assign(node, ref("PageInSearch"))
  })

  const union = definitions.DataSourceObjectResponse.properties.properties.additionalProperties
  if (!union?.anyOf?.length) throw new Error("the SDK's property configurations are not a union")
  for (const type of allowances.configurations) {
    union.anyOf.push({
      type: "object",
      properties: {
        id: { type: "string" },
        name: { type: "string" },
        type: { type: "string", const: type },
        [type]: { type: "object" },
      },
      required: ["id", "name", "type", type],
    })
  }
}

export function schemas() {
  const result = raw_schemas()
  result.$id = "sdk"
  strengthen(result.definitions)
  allow(result.definitions)
  return result
}

function capital(name) {
  return name[0].toUpperCase() + name.slice(1)
}

// {name, method, pattern, path_names, query_names, body_names, parameters, response}
export function routes(definitions) {
  const endpoints = require(join(client, "build/src/api-endpoints.js"))
  const result = []
  for (const [name, endpoint] of Object.entries(endpoints)) {
    if (typeof endpoint?.path !== "function") continue
    const marks = Object.fromEntries(endpoint.pathParams.map((p) => [p, `{${p}}`]))
    const template = "/v1/" + endpoint.path(marks)
    const pattern = template.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")
    result.push({
      name,
      method: endpoint.method.toUpperCase(),
      template,
      pattern: new RegExp(`^${pattern}$`),
      path_names: endpoint.pathParams,
      query_names: endpoint.queryParams,
      body_names: body_names(definitions, name, endpoint),
      form: (endpoint.formDataParams ?? []).length > 0,
      parameters: named(definitions, `${capital(name)}Parameters`),
      response: named(definitions, `${capital(name)}Response`),
    })
  }
  // Fixed paths before patterns: /users/me is not a user.
  result.sort((a, b) => a.path_names.length - b.path_names.length)
  return result
}

// From the type: the SDK's own list is empty where the body is a union (createView).
function body_names(definitions, name, endpoint) {
  const others = new Set([...endpoint.pathParams, ...endpoint.queryParams])
  const names = new Set()
  const collect = (node) => {
    if (!node) return
    if (node.$ref) collect(definitions[decodeURIComponent(node.$ref.split("/").pop())])
    for (const branch of node.anyOf ?? node.allOf ?? []) collect(branch)
    for (const key of Object.keys(node.properties ?? {})) if (!others.has(key)) names.add(key)
  }
  collect(definitions[`${capital(name)}Parameters`])
  return [...names]
}

function named(definitions, name) {
  return definitions[name] ? name : undefined
}

export function api_error_codes() {
  return new Set(Object.values(require("@notionhq/client").APIErrorCode))
}
