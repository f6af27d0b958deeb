// Judges one exchange: the response against the SDK's response type, the request against the
// parameters of the SDK's method, an error against the SDK's error codes, fields against version.
// Takes the emulator's journal and the recorded format. Refuses what it has no route for, unless
// the answer was an error. scope: process (compiled validators).
import Ajv from "ajv"
import { api_error_codes, routes, schemas } from "./schemas.mjs"

const law = schemas()
const route_table = routes(law.definitions)
const error_codes = api_error_codes()
// Of OAuth, in the OpenAPI document; and in the documented list of HTTP errors;
// not in the SDK's enumeration.
const oauth_codes = ["invalid_request", "invalid_grant", "unauthorized_client", "invalid_client"]
for (const code of [...oauth_codes, "unsupported_grant_type"]) error_codes.add(code)
for (const code of ["missing_version", "row_limit_exceeded", "bad_gateway"]) error_codes.add(code)

const ajv = new Ajv({ strict: false, allErrors: true, verbose: true, inlineRefs: false })
ajv.addSchema(law)
const compiled = new Map()

function validator(name) {
  if (!compiled.has(name)) compiled.set(name, ajv.getSchema(`sdk#/definitions/${name}`))
  return compiled.get(name)
}

// A failed union reports every branch; the deepest errors belong to the branch that was meant.
function explain(errors) {
  const depth = (error) => error.instancePath.split("/").length
  const vague = (error) => (["anyOf", "const"].includes(error.keyword) ? 1 : 0)
  const seen = new Set()
  return [...errors]
    .sort((a, b) => depth(b) - depth(a) || vague(a) - vague(b))
    .map((error) => `${error.instancePath || "/"} ${error.message} (${detail(error)})`)
    .filter((text) => !seen.has(text) && seen.add(text))
}

function detail(error) {
  const { missingProperty, ...params } = error.params
  const shown = JSON.stringify(missingProperty ? params : error.data) ?? "undefined"
  return shown.length > 120 ? shown.slice(0, 120) + "…" : shown
}

export function check(name, value) {
  const validate = validator(name)
  if (!validate) throw new Error(`no schema ${name}`)
  return validate(value) ? [] : explain(validate.errors)
}

export function find_route(method, path) {
  for (const route of route_table) {
    const match = route.method === method ? route.pattern.exec(path) : null
    if (match) return { route, path_values: { ...match.groups } }
  }
  return undefined
}

function parse_query(query) {
  const result = {}
  const pairs =
    query && typeof query === "object" && !Array.isArray(query)
      ? Object.entries(query).flatMap(([k, v]) => [v].flat().map((one) => [k, String(one)]))
      : [...new URLSearchParams(query ?? "")]
  for (const [key, value] of pairs) {
    const name = key.replace(/\[\]$/, "")
    if (name === "filter_properties") (result[name] ??= []).push(value)
    else if (name === "page_size") result[name] = Number(value)
    else if (value === "true" || value === "false") result[name] = value === "true"
    else result[name] = value
  }
  return result
}

// Both formats to one: {method, path, query, version, request, status, response}.
export function normalise(line) {
  if (line.uri === undefined) {
    return { ...line, query: parse_query(line.query), request: line.request ?? undefined }
  }
  const url = new URL(line.uri)
  return {
    method: line.method,
    path: url.pathname,
    query: parse_query(url.search),
    version: line.version,
    request: line.req ?? undefined,
    status: line.status,
    response: line.resp,
  }
}

function check_error(exchange) {
  const { response, status } = exchange
  if (response === null || typeof response !== "object") return ["/ an error is an object"]
  const errors = []
  if (response.object !== "error") errors.push("/object must be error")
  if (response.status !== status) errors.push(`/status must equal the HTTP status ${status}`)
  if (!error_codes.has(response.code)) errors.push(`/code unknown: ${response.code}`)
  if (typeof response.message !== "string") errors.push("/message must be a string")
  const additional = Object.entries(response.additional_data ?? {})
  for (const [key, value] of additional) {
    const texts = [value].flat()
    if (!texts.every((text) => typeof text === "string")) {
      errors.push(`/additional_data/${key} must be a string or strings`)
    }
  }
  return errors
}

const versioned = new Set(["page", "database", "data_source", "block"])

// `archived` beside `in_trash` in 2025-09-03, and gone in 2026-03-11.
function check_version(exchange) {
  const errors = []
  const look = (value, at) => {
    if (!versioned.has(value?.object) || value.in_trash === undefined) return
    const has = value.archived !== undefined
    const should = exchange.version < "2026-03-11"
    if (has !== should) {
      errors.push(`${at}/archived ${has ? "must not be" : "is"} in ${exchange.version}`)
    }
  }
  look(exchange.response, "")
  const results = exchange.response?.results
  if (Array.isArray(results)) results.forEach((one, i) => look(one, `/results/${i}`))
  return errors
}

function check_request(exchange, route, path_values) {
  const { request, query } = exchange
  // A multipart body is not JSON, and not ours to judge.
  if (typeof request === "string" && route.form) return []
  const errors = []
  const body = request ?? {}
  if (typeof body !== "object" || Array.isArray(body)) return ["/ a body is an object"]
  for (const name of Object.keys(body)) {
    if (!route.body_names.includes(name))
      errors.push(`/${name} is not in the body of ${route.name}`)
  }
  for (const name of Object.keys(query)) {
    if (!route.query_names.includes(name)) {
      errors.push(`/${name} is not in the query of ${route.name}`)
    }
  }
  if (route.parameters) {
    errors.push(...check(route.parameters, { ...body, ...query, ...path_values }))
  }
  return errors
}

function check_response(exchange, route) {
  if (exchange.status === 202) return check("GetAsyncTaskResponse", exchange.response)
  return [...check(route.response, exchange.response), ...check_version(exchange)]
}

// {route, request: [text], response: [text]}. A request that was answered 400 is not held to the
// types: the answer is.
export function judge(line) {
  const exchange = normalise(line)
  const found = find_route(exchange.method, exchange.path)
  if (!found) {
    const known = exchange.status >= 400 ? [] : ["no such endpoint in the SDK"]
    const response = exchange.status >= 400 ? check_error(exchange) : []
    return { route: "no route", request: known, response }
  }
  const { route, path_values } = found
  return {
    route: route.name,
    request: exchange.status === 400 ? [] : check_request(exchange, route, path_values),
    response: exchange.status >= 400 ? check_error(exchange) : check_response(exchange, route),
  }
}
