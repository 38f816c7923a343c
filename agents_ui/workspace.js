// The workspace without its looks: what is connected to what, and everything an agent can do to a ticket.

import { io } from "../vendor/socket.io.esm.min.js"
import { effect, signal, untracked } from "../vendor/ui.js"
import { Connection } from "./connection.js"
import { get, request, useCsrf } from "./http.js"
import { askOverHttp } from "./http_commands.js"
import { cannotUndo, canUndo, dismiss, takeUndo, toast } from "./notices_store.js"
import { Outbox } from "./outbox.js"
import { QueueStore } from "./queue_store.js"
import { go, route } from "./route.js"
import { now, setServerTime, startTicking } from "./server_time.js"
import { storage } from "./storage.js"
import { TicketStore } from "./ticket_store.js"
import { t } from "./translation.js"

/** @import { Alert, Boot, Named, QueueRow, Ticket, TicketChange, TicketEvent, View } from "./types.js" */

/** @type {Boot} */
export const boot = JSON.parse(document.getElementById("boot")?.textContent ?? "{}")
export const me = boot.me

export const queue = new QueueStore({ me: me.id })
export const current = signal(/** @type {TicketStore | null} */ (null))
export const alerts = signal(/** @type {Alert[]} */ ([]))
export const onCall = signal(/** @type {any[]} */ ([]))
export const agents = signal(/** @type {Named[]} */ ([]))
export const outboxRevision = signal(0)
/** Which row the keyboard stands on. */
export const active = signal(/** @type {string | null} */ (null))

export const connection = new Connection({
  fetchPass: async () => (await request("POST", "/api/v1/realtime/pass", {})).pass,
  openLine: pass => io("/agent", {
    path: "/socket.io/", transports: ["websocket"], auth: { v: 1, pass }, reconnection: false, forceNew: true, timeout: 10_000,
  }),
  askOverHttp,
})

export const outbox = new Outbox({
  storage,
  owner: me.id,
  deliver: entry => connection.ask("send_message", {
    ticket: entry.ticket, client_id: entry.client_id, kind: entry.kind, body: entry.body,
    uploads: entry.uploads.map(one => one.id),
  }),
  changed: () => { outboxRevision.value++ },
  delivered: entry => { if (entry.then) change(entry.ticket, { status: entry.then }) },
})

export function start() {
  useCsrf(boot.csrf)
  setServerTime(boot.server_now)
  startTicking(wake)
  connection.on("events", packet => current.value?.id === packet.ticket && current.value?.receive(packet))
  connection.on("hint", hint => current.value?.id === hint.ticket && current.value?.ordered?.hint(hint.head))
  connection.on("queue_rows", ({ rows }) => { queue.receive(rows); followUp() })
  connection.on("ephemeral", heard => current.value?.id === heard.ticket && current.value?.hear(heard, now()))
  for (const name of ["online", "focus"]) addEventListener(name, wake)
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { wake(); readUpToHere() } })

  queue.show(route.peek().view, route.peek().channel)
  on(() => connection.state.value, state => {
    if (state === "live") reconnected()
    if (state === "polling") poll()
  })
  on(() => `${route.value.view} ${route.value.channel}`, () => {
    const { view, channel } = route.peek()
    if (queue.view.peek() !== view || queue.channel.peek() !== channel) showView(view, channel)
  })
  on(() => route.value.ticket, openTicket)
  on(() => queue.counts.value.queue, waiting => { document.title = waiting ? `(${waiting}) Helpdesk` : "Helpdesk" })

  connection.connect()
  loadView()
  loadSurroundings()
  setInterval(() => { if (!document.hidden) loadSurroundings() }, 60_000)
  setInterval(() => { if (!document.hidden) sayPresence("viewing") }, 20_000)
  get("/api/v1/agents", { limit: 200 }).then(({ items }) => { agents.value = items }).catch(() => {})
}

/** Runs when what `read` answers changes, and follows nothing else. @template T @param {() => T} read @param {(value: T) => void} run */
function on(read, run) {
  effect(() => {
    const value = read()
    untracked(() => run(value))
  })
}

function wake() {
  connection.wake()
  if (connection.state.value === "live") current.value?.catchUp()
}

let connectedBefore = false
function reconnected() {
  outbox.flush()
  watchQueue()
  if (connectedBefore) loadView() // what left while the line was down is only missed in a whole snapshot
  connectedBefore = true
  current.peek()?.catchUp()
  sayPresence("viewing")
}

// ── the queue

/** @param {View} view @param {import("./types.js").Scope} channel */
function showView(view, channel) {
  queue.show(view, channel)
  active.value = null
  loadView()
}

async function watchQueue() {
  const answer = await connection.ask("watch_queue", { view: "all" }).catch(() => null)
  if (!answer?.ok) return
  setServerTime(answer.as_of)
  queue.receive((answer.rows ?? []).map((/** @type {QueueRow} */ row) => ({ ticket: row.ticket_id, version: row.version, row })))
}

export async function loadView() {
  const [view, channel] = [queue.view.peek(), queue.channel.peek()]
  const askedAt = queue.moment()
  queue.loading.value = true
  try {
    const page = await get("/api/v1/queue", { view, channel, limit: 200 })
    setServerTime(page.as_of)
    queue.counts.value = page.counts
    if (view === queue.view.peek() && channel === queue.channel.peek()) queue.snapshot(view, channel, page.items, page.next, askedAt)
    connection.reachable(true)
  } catch {
    connection.reachable(false)
    queue.failed.value = true
    queue.loading.value = false
  }
}

let fetchingMore = false
export async function loadMore() {
  const after = queue.more.peek()
  if (!after || fetchingMore) return
  fetchingMore = true
  const [view, channel] = [queue.view.peek(), queue.channel.peek()]
  try {
    const page = await get("/api/v1/queue", { view, channel, limit: 200, after })
    if (view !== queue.view.peek() || channel !== queue.channel.peek()) return
    queue.receive(page.items.map((/** @type {QueueRow} */ row) => ({ ticket: row.ticket_id, version: row.version, row })))
    queue.more.value = page.next
  } catch {
    // Scrolling further asks again.
  } finally {
    fetchingMore = false
  }
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let counting
/** Counts and open alerts follow what moves, but not more than every two seconds. What is resolved leaves the live rows. */
function followUp() {
  counting ??= setTimeout(async () => {
    counting = undefined
    loadAlerts()
    if (queue.view.peek() === "resolved") return loadView()
    const page = await get("/api/v1/queue", { view: queue.view.peek(), limit: 1 }).catch(() => null)
    if (page) queue.counts.value = page.counts
  }, 2000)
}

async function loadAlerts() {
  const found = await get("/api/v1/alerts", { state: "open" }).catch(() => null)
  if (found) alerts.value = found.items.filter((/** @type {Alert} */ alert) => !acknowledging.has(alert.id))
}

async function loadSurroundings() {
  loadAlerts()
  const found = await get("/api/v1/oncall/now").catch(() => null)
  if (found) onCall.value = found.items
}

/** Without a socket: the view every four seconds, the open ticket by long-poll, until the socket is back. */
let polling = false
async function poll() {
  if (polling) return
  polling = true
  outbox.flush()
  const follow = followTicketByHttp()
  while (["polling", "offline"].includes(connection.state.peek())) {
    await loadView()
    await new Promise(resolve => setTimeout(resolve, 4000))
  }
  polling = false
  await follow
}

async function followTicketByHttp() {
  while (["polling", "offline"].includes(connection.state.peek())) {
    const store = current.peek()
    const cursor = store?.ordered?.cursor
    const page = store && cursor !== undefined
      ? await askOverHttp("sync", { ticket: store.id, after: cursor, limit: 200, wait: 25 }).catch(() => null)
      : null
    if (page?.ok && page.events.length) store?.receive({ ticket: store.id, epoch: page.epoch, prev: cursor ?? 0, events: page.events })
    else if (!page?.ok) await new Promise(resolve => setTimeout(resolve, 2000))
  }
}

// ── the ticket on screen

const source = {
  /** @param {string} id */
  loadTicket: id => get(`/api/v1/tickets/${encodeURIComponent(id)}`),
  /** @param {string} id @param {number} after @param {number} limit @param {string | null} epoch */
  async sync(id, after, limit, epoch) {
    const answer = await connection.ask("sync", { ticket: id, after, limit, ...(epoch ? { epoch } : {}) })
    if (answer.ok) return answer
    // Another epoch, or a cursor the server cannot serve: an unknown epoch makes the store start over.
    if (answer.error === "resync") return { epoch: answer.epoch ?? `${epoch} is over`, events: [], head: 0, more: false }
    throw Object.assign(new Error(answer.error), { status: answer.error === "not_found" ? 404 : 0 })
  },
}

/** @param {string | null} id */
function openTicket(id) {
  const before = current.peek()
  if (before?.id === id) return
  if (before) sayPresence("idle")
  before?.close()
  if (!id) {
    current.value = null
    return
  }
  const store = new TicketStore(id, { source, row: queue.row(id), arrived: events => settle(id, events) })
  current.value = store
  active.value = id
  queue.markRead(id)
  store.open().then(() => sayPresence("viewing"))
}

/** @param {string} id @param {TicketEvent[]} events */
function settle(id, events) {
  for (const event of events) outbox.settle(event.client_id)
  if (current.peek()?.id === id) readUpToHere()
}

let readUpto = ""
function readUpToHere() {
  const store = current.peek()
  const upto = store?.ordered?.cursor
  if (!store || !upto || document.hidden || readUpto === `${store.id} ${upto}`) return
  readUpto = `${store.id} ${upto}`
  queue.markRead(store.id)
  connection.ask("mark_read", { ticket: store.id, upto }).catch(() => { readUpto = "" })
}

/** @param {"viewing" | "idle"} state */
function sayPresence(state) {
  const ticket = current.peek()?.id
  if (ticket) connection.say("presence", { ticket, state })
}

let lastTyped = 0
/** @param {boolean} typing */
export function sayTyping(typing) {
  const ticket = current.peek()?.id
  if (!ticket || (typing && Date.now() - lastTyped < 2500)) return
  lastTyped = typing ? Date.now() : 0
  connection.say("typing", { ticket, state: typing })
}

// ── what an agent does

/**
 * Shown at once, taken back with a word when the server refuses.
 * @param {string} id
 * @param {TicketChange} set
 * @param {{said?: string, back?: TicketChange}} [options] what to say, and the change that undoes it
 */
export async function change(id, set, { said, back } = {}) {
  const shown = shownAs(set)
  queue.overlay(id, shown)
  const store = current.peek()?.id === id ? current.peek() : null
  if (store) store.overlay.value = { ...store.overlay.value, ...shown }
  const undo = back && said ? { label: said, run: () => change(id, back, { said: t("Undone") }) } : undefined
  if (undo) canUndo(undo)
  const shownToast = said ? toast(said, { action: undo && { label: t("Undo"), key: "Z", run: undoLast } }) : 0
  const answer = await persist("change_ticket", { ticket: id, client_id: crypto.randomUUID(), set })
  if (store) {
    if (answer.ok && store.fields.peek()) store.fields.value = /** @type {Ticket} */ ({ ...store.fields.peek(), ...shown })
    store.overlay.value = {}
    store.refresh()
  }
  if (answer.ok) return queue.confirm(id)
  queue.overlay(id, null)
  dismiss(shownToast)
  if (undo) cannotUndo(undo)
  toast(t("Not changed: {reason}", { reason: reasonOf(answer.error, answer.detail) }), { tone: "danger" })
}

export function undoLast() {
  const step = takeUndo()
  if (step) step.run()
  else toast(t("Nothing to undo"))
}

let claiming = false
export async function claimNext() {
  if (claiming) return
  claiming = true
  const answer = await persist("claim_next", { client_id: crypto.randomUUID() }).finally(() => { claiming = false })
  if (answer.ok && answer.ticket) {
    const id = typeof answer.ticket === "string" ? answer.ticket : answer.ticket.id
    go({ ticket: id })
    const number = answer.number ?? answer.ticket.number ?? queue.row(id)?.number
    const said = number ? t("#{number} is yours", { number }) : t("The ticket is yours")
    canUndo({ label: said, run: () => change(id, { assignee_id: null }, { said: t("Back in the queue") }) })
    toast(said, { action: { label: t("Undo"), key: "Z", run: undoLast } })
  } else if (answer.ok || answer.error === "empty") {
    toast(t("The queue is empty. Well done."))
  } else {
    toast(t("Not taken: {reason}", { reason: reasonOf(answer.error, answer.detail) }), { tone: "danger" })
  }
}

/** An answer that was on its way when the button was pressed must not show the alert again. @type {Set<string>} */
const acknowledging = new Set()

/** @param {string} alertId */
export async function acknowledge(alertId) {
  const before = alerts.value
  acknowledging.add(alertId)
  alerts.value = before.filter(one => one.id !== alertId)
  const answer = await persist("acknowledge_alert", { alert: alertId })
  if (answer.ok) toast(t("Acknowledged: the alert is yours"))
  else {
    acknowledging.delete(alertId)
    alerts.value = before
    toast(t("Not acknowledged: {reason}", { reason: reasonOf(answer.error, answer.detail) }), { tone: "danger" })
  }
  current.peek()?.refresh()
}

/** @param {any} call @returns {Promise<Ticket>} */
export async function logCall(call) {
  const ticket = await request("POST", "/api/v1/calls", call, { headers: { "Idempotency-Key": crypto.randomUUID() } })
  loadView()
  return ticket
}

/** The row after (or before) the one given, in the order on screen. @param {string | null} id @param {number} step */
export function neighbour(id, step) {
  const ids = queue.list.peek().ids
  const index = id ? ids.indexOf(id) : -1
  if (index < 0) return ids[0] ?? null
  return ids[Math.min(ids.length - 1, Math.max(0, index + step))] ?? null
}

/** Asked again under the same client_id while the server says "later"; never rejects. @param {string} command @param {any} data */
async function persist(command, data) {
  for (let tries = 1; ; tries++) {
    const answer = await connection.ask(command, data).catch(() => ({ ok: false, error: "offline" }))
    const passing = ["unavailable", "rate_limited", "draining", "offline"].includes(answer.error ?? "")
    if (answer.ok || !passing || tries === 3) return answer
    await new Promise(resolve => setTimeout(resolve, answer.retry_ms ?? 700 * tries))
  }
}

/** @param {TicketChange} set @returns {Partial<Ticket> & Partial<QueueRow>} */
function shownAs({ assignee_id, snooze_until, ...same }) {
  /** @type {Partial<Ticket> & Partial<QueueRow>} */
  const shown = { ...same }
  if (assignee_id !== undefined) shown.assignee = assignee_id ? agentNamed(assignee_id) : null
  if (snooze_until) Object.assign(shown, { status: "snoozed", snoozed_until: snooze_until })
  return shown
}

/** @param {string} id @returns {Named} */
function agentNamed(id) {
  return agents.peek().find(agent => agent.id === id) ?? (id === me.id ? { id, name: me.name } : { id, name: "…" })
}

/** @param {string | undefined} error @param {string} [detail] */
export function reasonOf(error, detail) {
  switch (error) {
    case "offline":
    case "unavailable": return t("the server cannot be reached")
    case "forbidden": return t("you may not do this")
    case "not_found": return t("it is not there any more")
    case "conflict": return t("somebody else was quicker")
    case "too_large": return t("it is too long")
    case "closed": return t("the ticket is closed")
    case "rate_limited": return t("too many at once")
    case "unauthenticated": return t("your sign-in has ended")
    default: return detail || error || t("something went wrong")
  }
}

