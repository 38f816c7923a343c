// The list on screen: who belongs where, in which order, and when it may move.

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { COUNTED_TO, counted } from "../../../agents_ui/queue/counts.js"
import { belongs, held, order } from "../../../agents_ui/queue/queue_order.js"
import { QueueStore } from "../../../agents_ui/queue/queue_store.js"

const aRow = (id, changes = {}) => ({
  ticket_id: id, number: 1, subject: "", preview: "", channel: "email", status: "open", priority: 3,
  contact: { id: "c", name: null, email: null, phone: null }, company: null, plan: null, team: null, assignee: null,
  inbox: { id: "i", name: "support" }, tags: [], unread: false, waiting_since: null, due_at: null, start_by: null,
  rank_at: "2026-11-21T10:00:00Z", last_message_at: null, why: "", why_parts: null, snoozed_until: null, version: 1, ...changes,
})
const change = row => ({ ticket: row.ticket_id, version: row.version, row })
const me = { id: "me", name: "Mira" }
const aStore = () => new QueueStore({ me: "me", frame: run => run() })

test("the queue holds what is open and nobody's, mine what is open and mine", () => {
  const free = aRow("1")
  const own = aRow("2", { assignee: me })
  const theirs = aRow("3", { assignee: { id: "x", name: "X" } })

  assert.deepEqual([free, own, theirs].map(row => belongs(row, "queue", "me")), [true, false, false])
  assert.deepEqual([free, own, theirs].map(row => belongs(row, "mine", "me")), [false, true, false])
  assert.deepEqual([free, own, theirs].map(row => belongs(row, "open", "me")), [true, true, true])
  assert.equal(belongs(aRow("4", { assignee: me, status: "pending" }), "mine", "me"), true)
})

test("a channel narrows a view", () => {
  assert.equal(belongs(aRow("1", { channel: "chat" }), "open", "me", "email"), false)
})

test("the worked example of the queue stands in the order of its ranks", () => {
  const ranks = { chat_enterprise: "09:21", email_p1: "09:26", chat: "09:35", phone: "09:57", email_night: "10:21", email: "11:48" }
  const rows = Object.entries(ranks).map(([id, at]) => aRow(id, { rank_at: `2026-11-21T${at}:00Z` }))

  const sorted = rows.toReversed().sort(order("queue"))

  assert.deepEqual(sorted.map(row => row.ticket_id), Object.keys(ranks))
})

test("equal ranks stand by id, and times of different precision compare as times", () => {
  const rows = [
    aRow("b", { rank_at: "2026-11-21T10:00:00Z" }), aRow("a", { rank_at: "2026-11-21T10:00:00.000Z" }),
    aRow("c", { rank_at: "2026-11-21T09:59:59.999Z" }),
  ]

  assert.deepEqual(rows.sort(order("queue")).map(row => row.ticket_id), ["c", "a", "b"])
})

test("snoozed tickets stand by when they wake, resolved ones by what moved last", () => {
  const early = aRow("1", { snoozed_until: "2026-11-22T08:00:00Z", last_message_at: "2026-11-20T08:00:00Z" })
  const late = aRow("2", { snoozed_until: "2026-11-23T08:00:00Z", last_message_at: "2026-11-21T08:00:00Z" })

  assert.deepEqual([late, early].sort(order("snoozed")), [early, late])
  assert.deepEqual([early, late].sort(order("resolved")), [late, early])
})

test("the newest version of a row wins, in whatever order they come", () => {
  const store = aStore()

  store.receive([change(aRow("1", { version: 3, subject: "new" }))])
  store.receive([change(aRow("1", { version: 2, subject: "old" }))])

  assert.equal(store.row("1").subject, "new")
})

test("null takes a row away, and an older row does not bring it back", () => {
  const store = aStore()
  store.receive([change(aRow("1", { version: 1 }))])

  store.receive([{ ticket: "1", version: 3, row: null }])
  store.receive([change(aRow("1", { version: 2 }))])

  assert.deepEqual(store.list.value.ids, [])
})

test("while the list is held nothing moves and the new ones are counted", () => {
  const store = aStore()
  store.receive([change(aRow("2")), change(aRow("3"))])
  assert.deepEqual(store.list.value.ids, ["2", "3"])

  store.held.value = true
  store.receive([change(aRow("1", { rank_at: "2026-11-21T08:00:00Z" })), { ticket: "2", version: 2, row: null }])

  assert.deepEqual(store.list.value, { ids: ["2", "3"], fresh: 1, moved: true })
  assert.equal(store.row("2").ticket_id, "2") // still readable where it stands
  store.release()
  assert.deepEqual(store.list.value.ids, ["1", "3"])
})

test("a held list that already stands right asks for nothing", () => {
  assert.deepEqual(held(["1", "2"], ["1", "2"]), { ids: ["1", "2"], fresh: 0, moved: false })
})

test("another view is never held by the last one", () => {
  const store = aStore()
  store.receive([change(aRow("1")), change(aRow("2", { assignee: me }))])
  assert.deepEqual(store.list.value.ids, ["1"])
  store.held.value = true

  store.show("mine")

  assert.deepEqual(store.list.value.ids, ["2"])
})

test("a snapshot removes what has left the view, but not what came while it was on its way", () => {
  const store = aStore()
  store.receive([change(aRow("gone")), change(aRow("stays"))])
  const askedAt = store.moment()
  store.receive([change(aRow("just_in"))])

  store.snapshot("queue", null, [aRow("stays")], null, askedAt)

  assert.deepEqual(store.list.value.ids, ["just_in", "stays"])
})

test("a page of a longer list removes nothing", () => {
  const store = aStore()
  store.receive([change(aRow("1")), change(aRow("2"))])

  store.snapshot("queue", null, [aRow("1")], "cursor")

  assert.deepEqual(store.list.value.ids, ["1", "2"])
})

test("an action shows at once, and is gone when the server refuses", () => {
  const store = aStore()
  store.receive([change(aRow("1"))])

  store.overlay("1", { status: "resolved" })
  assert.deepEqual(store.list.value.ids, [])
  store.overlay("1", null)

  assert.deepEqual(store.list.value.ids, ["1"])
})

test("a confirmed action holds until the server sends the row itself", () => {
  const store = aStore()
  store.receive([change(aRow("1"))])
  store.overlay("1", { status: "resolved" })

  store.confirm("1")
  assert.equal(store.row("1").status, "resolved")
  store.receive([change(aRow("1", { version: 2, status: "open" }))])

  assert.equal(store.row("1").status, "open")
})

test("counts follow what is seen to move", () => {
  const store = aStore()
  store.counts.value = { queue: 5, mine: 1, open: 6, snoozed: 0, pending: 0, resolved: 0, chat: 0, email: 6, phone: 0 }
  store.receive([change(aRow("1"))])

  store.receive([change(aRow("1", { version: 2, assignee: me }))])

  assert.equal(store.counts.value.queue, 4)
  assert.equal(store.counts.value.mine, 2)
  assert.equal(store.counts.value.open, 6)
})

test("five thousand rows are put in order without a pause anybody would see", () => {
  const store = aStore()
  store.receive(Array.from({ length: 5000 }, (_, n) => change(aRow(`${n}`, { rank_at: new Date(1e12 + ((n * 7919) % 5000) * 1000).toISOString() }))))

  const before = process.cpuUsage()
  assert.equal(store.list.value.ids.length, 5000)

  const { user, system } = process.cpuUsage(before) // of this process alone: shared machines do other things beside
  assert.ok(user + system < 1_000_000)
})

test("further pages are added below a held list without counting as new", () => {
  assert.deepEqual(held(["1", "2"], ["1", "2", "3", "4"]), { ids: ["1", "2", "3", "4"], fresh: 0, moved: false })
  assert.deepEqual(held(["1", "2"], ["0", "1", "2", "3"]), { ids: ["1", "2", "3"], fresh: 1, moved: true })
})

test("what was read stays read when its row comes again, until the contact writes anew", () => {
  const store = aStore()
  const row = aRow("1", { unread: true, last_message_at: "2026-11-21T10:00:00Z" })
  store.receive([change(row)])

  store.markRead("1", Date.parse("2026-11-21T10:00:05Z"))
  const seen = store.row("1").unread
  store.receive([change({ ...row, version: 2, priority: 1 })])
  const again = store.row("1").unread
  store.receive([change({ ...row, version: 3, last_message_at: "2026-11-21T10:01:00Z" })])

  assert.deepEqual([seen, again, store.row("1").unread], [false, false, true])
})

test("a resolved ticket that is missing among the live rows stays in the list of resolved ones", () => {
  const store = aStore()
  store.show("resolved")
  store.snapshot("resolved", null, [aRow("1", { status: "resolved", version: 4 })], null)

  store.receive([{ ticket: "1", version: 5, row: null }])

  assert.equal(store.row("1").status, "resolved")
})

test("a thousand is where the server stops counting", () => {
  const server = readFileSync(new URL("../../../helpdesk/domain/tickets/queries.py", import.meta.url), "utf8")

  assert.equal(/^COUNTED_TO = (\d+)$/m.exec(server)?.[1], String(COUNTED_TO))
})

test("what is counted to a thousand says so, and stays so while tickets come and go", () => {
  const store = aStore()
  store.counts.value = { queue: 1000, mine: 999, open: 0 }

  store.receive([change(aRow("1"))])
  store.receive([change(aRow("1", { version: 2, assignee: me }))])

  assert.deepEqual(store.counts.value, { queue: 1000, mine: 1000, open: 0 })
  assert.deepEqual([12, 999, 1000, 1001].map(counted), ["12", "999", "1,000+", "1,000+"])
})
