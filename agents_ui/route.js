// Where the agent is, kept in the address after "#", so that Back, reload and a shared link work.

import { signal } from "../vendor/ui.js"
import { VIEWS } from "./queue/queue_order.js"

/** @import { Scope, View } from "./types.js" */
/** @typedef {{view: View, channel: Scope, ticket: string | null, message?: string | null, details: boolean}} Route `message`: the one that was looked for */

const CHANNELS = ["chat", "email", "phone", "api"]

/** @param {string} hash @returns {Route} */
export function parseRoute(hash) {
  const parts = hash.replace(/^#?\/?/, "").split("/").filter(Boolean)
  const view = /** @type {View} */ (VIEWS.includes(/** @type {View} */ (parts[0])) ? parts.shift() : "queue")
  const channel = /** @type {Scope} */ (CHANNELS.includes(parts[0] ?? "") ? parts.shift() : null)
  const ticket = parts[0] === "t" && parts[1] ? decodeURIComponent(parts[1]) : null
  const message = ticket !== null && parts[2] === "m" && parts[3] ? decodeURIComponent(parts[3]) : null
  return { view, channel, ticket, message, details: ticket !== null && parts[2] === "details" }
}

/** @param {Route} route */
export function routeHash({ view, channel, ticket, message, details }) {
  const within = details ? "details" : message && `m/${encodeURIComponent(message)}`
  const ways = [view, channel, ticket && `t/${encodeURIComponent(ticket)}`, ticket && within]
  return "#/" + ways.filter(Boolean).join("/")
}

export const route = signal(parseRoute(globalThis.location?.hash ?? ""))

/** @param {Partial<Route>} change @param {{replace?: boolean}} [how] */
export function go(change, { replace = false } = {}) {
  const next = { ...route.value, message: null, details: false, ...change }
  const hash = routeHash(next)
  if (hash === location.hash) return
  if (replace) history.replaceState(null, "", hash)
  else history.pushState(null, "", hash)
  route.value = next
}

export function followAddress() {
  const read = () => { route.value = parseRoute(location.hash) }
  addEventListener("popstate", read)
  addEventListener("hashchange", read)
}
