// Requests to our own API: session cookie, CSRF token on whatever changes something, problem+json as an exception.

/** @import { Upload } from "../types.js" */

let csrf = ""

/** @param {string} token */
export function useCsrf(token) {
  csrf = token
}

export class RequestFailed extends Error {
  /** @param {number} status @param {{code?: string, detail?: string, field?: string, title?: string}} problem */
  constructor(status, problem) {
    super(problem.detail || problem.title || problem.code || `HTTP ${status}`)
    this.status = status
    this.code = problem.code ?? "unavailable"
    this.field = problem.field
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {{signal?: AbortSignal, headers?: Record<string, string>, timeout?: number, empty?: (answer: Response) => any}} [options]
 * @returns {Promise<any>} the answer's JSON; for 204 what `empty` makes of it, or null
 */
export async function request(method, path, body, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", ...options.headers }
  if (method !== "GET") headers["X-CSRF-Token"] = csrf
  const isForm = body instanceof FormData // which brings its own type
  if (body !== undefined && !isForm) headers["Content-Type"] = "application/json"
  const limit = AbortSignal.timeout(options.timeout ?? 15_000)
  const response = await fetch(path, {
    method,
    headers,
    body: body === undefined || isForm ? body : JSON.stringify(body),
    credentials: "same-origin",
    signal: options.signal ? AbortSignal.any([options.signal, limit]) : limit,
  })
  if (response.status === 204) return options.empty?.(response) ?? null
  const answer = await response.json().catch(() => ({}))
  if (!response.ok) throw new RequestFailed(response.status, answer)
  return answer
}

/** @param {string} path @param {Record<string, string | number | null | undefined>} [query] @param {AbortSignal} [signal] */
export function get(path, query = {}, signal) {
  const wanted = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") wanted.set(name, String(value))
  }
  const timeout = query.wait ? (Number(query.wait) + 10) * 1000 : undefined
  return request("GET", wanted.size ? `${path}?${wanted}` : path, undefined, { signal, timeout })
}

/**
 * XMLHttpRequest, because fetch cannot tell how much of an upload has gone.
 * @param {File} file
 * @param {(share: number) => void} progress 0…1
 * @param {AbortSignal} signal
 * @returns {Promise<Omit<Upload, "progress" | "key">>}
 */
export function upload(file, progress, signal) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest()
    const form = new FormData()
    form.append("file", file, file.name)
    call.open("POST", "/api/v1/uploads")
    call.responseType = "json"
    call.setRequestHeader("X-CSRF-Token", csrf)
    call.upload.onprogress = event => event.lengthComputable && progress(event.loaded / event.total)
    call.onload = () => call.status === 201 ? resolve(call.response) : reject(new RequestFailed(call.status, call.response ?? {}))
    call.onerror = () => reject(new RequestFailed(0, { code: "offline" }))
    signal.addEventListener("abort", () => call.abort())
    call.send(form)
  })
}
