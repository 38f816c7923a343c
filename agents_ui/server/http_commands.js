// The socket's commands by plain HTTP, with the same answers, for networks that block websockets.

import { get, request, RequestFailed } from "./http.js"

const UNHEARD = new Set(["typing", "presence"])

/** @param {string} command @param {any} data @returns {Promise<any>} */
export async function askOverHttp(command, data) {
  if (UNHEARD.has(command)) return { ok: true }
  const run = COMMANDS[command]
  if (!run) return { ok: false, error: "bad_request" }
  try {
    return { ok: true, ...(await run(data)) }
  } catch (error) {
    // Without an HTTP status nobody knows whether it arrived: the caller tries again with the same client_id.
    if (!(error instanceof RequestFailed) || error.status === 0) throw error
    return { ok: false, error: WORDS[error.status] ?? error.code, field: error.field, detail: error.message }
  }
}

/** @type {Record<number, string>} */
const WORDS = {
  400: "bad_request", 422: "bad_request", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 409: "conflict", 412: "conflict",
  413: "too_large", 429: "rate_limited", 500: "unavailable", 502: "unavailable", 503: "unavailable", 504: "unavailable",
}

/** @type {Record<string, (data: any) => Promise<any>>} */
const COMMANDS = {
  async sync({ ticket, after, limit, wait }) {
    const { items, head, epoch } = await get(`/api/v1/tickets/${ticket}/events`, { after, limit, wait })
    const last = items.length ? items[items.length - 1].version : after
    return { events: items, head, epoch, more: items.length > 0 && last < head }
  },

  async send_message({ ticket, kind, body, uploads, client_id }) {
    const folder = kind === "note" ? "notes" : "messages"
    return request("POST", `/api/v1/tickets/${ticket}/${folder}`, { body, client_id, uploads }, {
      headers: { "Idempotency-Key": client_id },
    })
  },

  async claim_next() {
    const empty = (/** @type {Response} */ answer) => ({ empty: true, full: answer.headers.get("X-Queue-Reason") === "full" })
    const claimed = await request("POST", "/api/v1/queue/claim", {}, { empty })
    return claimed.empty ? claimed : { ticket: claimed }
  },

  async change_ticket({ ticket, if_version, set }) {
    /** @type {Record<string, string>} */
    const headers = if_version ? { "If-Match": `"${if_version}"` } : {}
    const changed = await request("PATCH", `/api/v1/tickets/${ticket}`, set, { headers })
    return { version: changed?.version }
  },

  async watch_queue({ view }) {
    const { items, as_of, overload } = await get("/api/v1/queue", { view, limit: 200 })
    return { rows: items, as_of, overload }
  },

  async acknowledge_alert({ alert }) {
    return (await request("POST", `/api/v1/alerts/${alert}/acknowledge`, {})) ?? {}
  },

  async mark_read() {
    return {}
  },
}
