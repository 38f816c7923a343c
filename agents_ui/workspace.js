// The workspace at work: what is loaded when, what is heard, what follows from it.

import { effect, untracked } from "../vendor/ui.js"
import { outbox } from "./actions/changes.js"
import { get, useCsrf } from "./server/http.js"
import { askOverHttp } from "./server/http_commands.js"
import { counted } from "./queue/counts.js"
import { hadInHand, inHand, keepInMind, tellWhatWentBack } from "./queue/in_hand.js"
import { heedAlerts, heedRows, watchSight } from "./attention.js"
import { loadDesks } from "./availability.js"
import { route } from "./route.js"
import { now, setServerTime, startTicking } from "./server/server_time.js"
import { acknowledging, active, agents, alerts, boot, connection, current, formOnly, mailOutages, me, onCall, overload, queue, teams, unsentMails } from "./stores.js"
import { adoptTimeZone } from "./time_zone.js"
import { TicketStore } from "./ticket/ticket_store.js"

/** @import { Alert, QueueRow, Scope, TicketEvent, View } from "./types.js" */

export function start() {
  useCsrf(boot.csrf)
  adoptTimeZone()
  setServerTime(boot.server_now)
  startTicking(wake)
  watchSight()
  connection.on("events", packet => current.value?.id === packet.ticket && current.value?.receive(packet))
  connection.on("hint", hint => current.value?.id === hint.ticket && current.value?.ordered?.hint(hint.head))
  connection.on("queue_rows", ({ rows }) => { heedRows(rows); queue.receive(rows); followUp() })
  connection.on("ephemeral", heard => current.value?.id === heard.ticket && current.value?.hear(heard, now()))
  for (const name of ["online", "focus"]) addEventListener(name, wake)
  addEventListener("offline", () => connection.lost())
  addEventListener("storage", ({ key, newValue }) => outbox.overheard(key, newValue))
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { wake(); readUpToHere() } else leave() })
  addEventListener("pagehide", leave)

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
  on(() => queue.counts.value.mine, carried => { if (carried !== undefined) loadDesks() })
  on(() => queue.counts.value.queue, waiting => { document.title = waiting ? `(${counted(waiting)}) Helpdesk` : "Helpdesk" })

  tellWhatWentBack(hadInHand(me.id), source.loadTicket)
  connection.connect()
  loadView()
  loadSurroundings()
  setInterval(() => { if (!document.hidden) loadSurroundings() }, 60_000)
  setInterval(() => { if (!document.hidden) sayPresence("viewing") }, 20_000)
  get("/api/v1/agents", { limit: 200 }).then(({ items }) => { agents.value = items }).catch(() => {})
  get("/api/v1/teams").then(({ items }) => { teams.value = items }).catch(() => {})
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

/** Perhaps for long: the page may be closed, or another of ours opened in its place. */
function leave() {
  if (queue.revision.peek()) keepInMind(me.id, inHand(queue.all(), me.id))
}

const TRY_AGAIN = 4000
let connectedBefore = false
function reconnected() {
  outbox.flush()
  if (connectedBefore) tellWhatWentBack(inHand(queue.all(), me.id), source.loadTicket)
  watchQueue()
  // What left while the line was down is only missed in a whole snapshot.
  if (connectedBefore || queue.failed.peek()) loadView()
  connectedBefore = true
  current.peek()?.catchUp()
  sayPresence("viewing")
}

// ── the queue

/** @param {View} view @param {Scope} channel */
function showView(view, channel) {
  queue.show(view, channel)
  active.value = null
  loadView()
}

async function watchQueue() {
  const answer = await connection.ask("watch_queue", { view: "all" }).catch(() => null)
  if (!answer?.ok) return againWhileLive(watchQueue)
  setServerTime(answer.as_of)
  if (answer.overload) overload.value = answer.overload
  if (answer.out_of_reach) queue.outOfReach.value = answer.out_of_reach
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
    if (page.overload) overload.value = page.overload
    if (page.out_of_reach) queue.outOfReach.value = page.out_of_reach
    if (view === queue.view.peek() && channel === queue.channel.peek()) queue.snapshot(view, channel, page.items, page.next, askedAt)
    connection.reachable(true)
  } catch {
    connection.reachable(false)
    queue.failed.value = true
    queue.loading.value = false
    againWhileLive(() => { if (queue.failed.peek()) loadView() })
  }
}

/** Without a line, whoever finds it again asks anew. @param {() => void} run */
function againWhileLive(run) {
  setTimeout(() => { if (connection.state.peek() === "live") run() }, TRY_AGAIN)
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
    if (page?.overload) overload.value = page.overload
    if (page?.out_of_reach) queue.outOfReach.value = page.out_of_reach
  }, 2000)
}

let alertsKnown = false
async function loadAlerts() {
  const found = await get("/api/v1/alerts", { state: "open" }).catch(() => null)
  if (!found) return
  /** @type {Alert[]} */
  const open = found.items.filter((/** @type {Alert} */ alert) => !acknowledging.has(alert.id))
  if (alertsKnown) heedAlerts(alerts.peek(), open)
  alertsKnown = true
  alerts.value = open
}

async function loadSurroundings() {
  loadDesks()
  loadAlerts()
  get("/api/v1/inboxes").then(({ items }) => { formOnly.value = items.filter((/** @type {any} */ inbox) => inbox.form_only) }).catch(() => {})
  const found = await get("/api/v1/oncall/now").catch(() => null)
  if (found) onCall.value = found.items
  const silent = await get("/api/v1/mail_outages").catch(() => null)
  if (silent) mailOutages.value = silent.items
  if (silent) unsentMails.value = silent.unsent
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
    await new Promise(resolve => setTimeout(resolve, TRY_AGAIN))
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
  if (before) {
    sayPresence("idle")
    connection.say("unwatch", { ticket: before.id })
    before.close()
  }
  if (!id) {
    current.value = null
    return
  }
  const store = new TicketStore(id, { source, row: queue.row(id), arrived: events => settle(id, events) })
  current.value = store
  active.value = id
  queue.markRead(id, now())
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
  queue.markRead(store.id, now())
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
