// What the workspace knows, each thing once: the queue, the open ticket, the line to the server.

import { byUrgency, ticketOf } from "./alert_order.js"
import { io } from "../vendor/socket.io.esm.min.js"
import { signal } from "../vendor/ui.js"
import { Connection } from "./server/connection.js"
import { request } from "./server/http.js"
import { askOverHttp } from "./server/http_commands.js"
import { QueueStore } from "./queue/queue_store.js"

/** @import { Alert, Boot, Named, Overload } from "./types.js" */
/** @import { TicketStore } from "./ticket/ticket_store.js" */

/** @type {Boot} */
export const boot = JSON.parse(document.getElementById("boot")?.textContent ?? "{}")
export const me = boot.me

export const queue = new QueueStore({ me: me.id })
export const current = signal(/** @type {TicketStore | null} */ (null))
export const alerts = signal(/** @type {Alert[]} */ ([]))
export const overload = signal(/** @type {Overload} */ ({ on: false, late: 0, online: 0 }))
/** Chat inboxes whose visitors meet a message form, because of a rush or by an administrator's hand. */
export const formOnly = signal(/** @type {Named[]} */ ([]))
/** Inboxes that no mail comes into just now. */
export const mailOutages = signal(/** @type {import("./types.js").MailOutage[]} */ ([]))
/** How many mails wait because no mail server is set; told to administrators alone. */
export const unsentMails = signal(0)
export const onCall = signal(/** @type {any[]} */ ([]))
/** How everybody stands: at work, away or gone, and how much each carries. */
export const desks = signal(/** @type {import("./types.js").Desk[]} */ ([]))
export const agents = signal(/** @type {(Named & { picture: string | null })[]} */ ([]))
export const teams = signal(/** @type {Named[]} */ ([]))
/** Counts what was decided about who is who: what shows a contact asks again. */
export const people = signal(0)
/** Which row the keyboard stands on. */
export const active = signal(/** @type {string | null} */ (null))

/** An answer that was on its way when the button was pressed must not show the alert again. @type {Set<string>} */
export const acknowledging = new Set()

export const connection = new Connection({
  fetchPass: async () => (await request("POST", "/api/v1/realtime/pass", {})).pass,
  openLine: pass => io("/agent", {
    path: "/socket.io/", transports: ["websocket"], auth: { v: 1, pass }, reconnection: false, forceNew: true, timeout: 10_000,
  }),
  askOverHttp,
})

/** The picture an agent has chosen. @param {string | null | undefined} agent */
export function pictureOf(agent) {
  return agents.value.find(one => one.id === agent)?.picture ?? null
}

/** Every open alert, the most urgent first. */
export function openAlerts() {
  queue.revision.value
  return byUrgency(alerts.value, alert => queue.row(ticketOf(alert) ?? "")?.priority)
}

/** The row after (or before) the one given, in the order on screen. @param {string | null} id @param {number} step */
export function neighbour(id, step) {
  const ids = queue.list.peek().ids
  const index = id ? ids.indexOf(id) : -1
  if (index < 0) return ids[0] ?? null
  return ids[Math.min(ids.length - 1, Math.max(0, index + step))] ?? null
}
