// What a person reads of a ticket's events.

import assert from "node:assert/strict"
import { test } from "node:test"
import { changed, withoutSent } from "../../../agents_ui/ticket/ticket_store.js"
import { grouped, timeline } from "../../../agents_ui/ticket/timeline.js"

const nia = { kind: "contact", id: "c1", name: "Nia" }
const mira = { kind: "agent", id: "a1", name: "Mira" }
const anEvent = (version, name, data = {}, by = mira, at = "2026-11-21T10:00:00Z") => ({ version, name, id: `e${version}`, by, at, data })

test("messages, notes and calls are told apart, and ours from theirs", () => {
  const items = timeline([
    anEvent(1, "MessageReceived", { message_id: "m1", body: "Hi", author: nia }, nia),
    anEvent(2, "ReplySent", { message_id: "m2", body: "Hello", author: mira }),
    anEvent(3, "NoteAdded", { message_id: "m3", body: "hm", author: mira }),
    anEvent(4, "CallLogged", { message_id: "m4", body: "", answered: false, author: mira }),
  ])

  assert.deepEqual(items.map(item => [item.kind, item.ours]), [["message", false], ["message", true], ["note", true], ["call", true]])
})

test("delivery is a state of its message, not a line of its own", () => {
  const items = timeline([
    anEvent(1, "ReplySent", { message_id: "m1", body: "a", author: mira }),
    anEvent(2, "ReplySent", { message_id: "m2", body: "b", author: mira }),
    anEvent(3, "DeliveryHandedOver", { delivered_message_id: "m1" }),
    anEvent(4, "DeliveryFailed", { delivered_message_id: "m2", reason: "mailbox full" }),
    anEvent(5, "DeliveryFailed", { message_id: "on_an_earlier_page", reason: "x" }),
  ])

  assert.deepEqual(items.map(item => item.delivery), ["handed_over", "failed"])
  assert.equal(items[1].failure, "mailbox full")
})

test("a mail without a mail server waits until it is handed over", () => {
  const sent = anEvent(1, "ReplySent", { message_id: "m1", body: "a", author: mira })
  const waits = anEvent(2, "DeliveryWaiting", { delivered_message_id: "m1", reason: "x" })

  assert.deepEqual(timeline([sent, waits]).map(item => item.delivery), ["waiting"])
  assert.deepEqual(timeline([sent, waits, anEvent(3, "DeliveryHandedOver", { delivered_message_id: "m1" })]).map(item => item.delivery), ["handed_over"])
})

test("what the other side says of a mail stands on it until it is sent again", () => {
  const sent = anEvent(1, "ReplySent", { message_id: "m1", body: "a", author: mira })
  const delayed = anEvent(2, "DeliveryReported", { delivered_message_id: "m1", what: "delayed", to: ["kim@customer.example"], reason: "4.4.1" })
  const again = anEvent(3, "DeliveryRetried", { delivered_message_id: "m1", to: [] })

  assert.deepEqual(timeline([sent, delayed]).map(item => item.report), [{ what: "delayed", people: "kim@customer.example", reason: "4.4.1" }])
  assert.equal(timeline([sent, delayed, again])[0].report, undefined)
})

test("who had a mail sent again has a line, and the message says that it is under way", () => {
  const items = timeline([
    anEvent(1, "ReplySent", { message_id: "m1", body: "a", author: mira }),
    anEvent(2, "DeliveryFailed", { delivered_message_id: "m1", reason: "mailbox full" }),
    anEvent(3, "DeliveryRetried", { delivered_message_id: "m1", to: ["nia@x.example"] }),
  ])

  assert.deepEqual(items.map(item => item.delivery ?? item.event.name), ["again", "DeliveryRetried"])
})

test("clocks that start and stop are not worth a line, a breach is", () => {
  const items = timeline([anEvent(1, "TargetStarted"), anEvent(2, "TargetPaused"), anEvent(3, "TargetBreached", { metric: "first_response" })])

  assert.deepEqual(items.map(item => item.event.name), ["TargetBreached"])
})

test("one author's messages in a row are drawn together, until five minutes or midnight pass", () => {
  const said = (version, at) => anEvent(version, "MessageReceived", { message_id: `m${version}`, body: "x", author: nia }, nia, at)
  const at = (day, hour, minute) => new Date(2026, 10, day, hour, minute).toISOString()

  const drawn = grouped(timeline([said(1, at(20, 23, 56)), said(2, at(20, 23, 58)), said(3, at(21, 0, 1)), said(4, at(21, 0, 9))]))

  assert.deepEqual(drawn.map(one => one.continued), [false, true, false, false])
  assert.deepEqual(drawn.map(one => one.newDay), [true, false, true, false])
})

test("an event changes the ticket's fields at once", () => {
  const ticket = { version: 1, status: "open", assignee: null, tags: ["a"], priority: 3, subject: "x", impact: 2, urgency: 2 }
  const after = [
    anEvent(2, "TicketAssigned", { assignee_id: "a1", assignee_name: "Mira" }),
    anEvent(3, "TagsChanged", { added: ["b"], removed: ["a"] }),
    anEvent(4, "PriorityChanged", { priority: 1 }),
    anEvent(5, "TicketResolved"),
    anEvent(6, "SomethingNewer", { whatever: 1 }),
  ].reduce(changed, ticket)

  assert.deepEqual(
    [after.version, after.status, after.assignee, after.tags, after.priority],
    [6, "resolved", { id: "a1", name: "Mira" }, ["b"], 1],
  )
})

test("an unverified sender's message is held apart until an agent accepts it, and stays one message", () => {
  const stranger = { kind: "contact", id: "c9", name: "Otto" }
  const held = anEvent(1, "UnverifiedMessageReceived", {
    message_id: "m1", body: "Let me in", author: stranger, unverified: true, mail: { raw: "r1", sender: "otto@elsewhere.example" },
  }, stranger)
  const accepted = [
    anEvent(2, "SenderAccepted", { accepted_message_id: "m1", address: "otto@elsewhere.example" }),
    { ...anEvent(3, "MessageReceived", { message_id: "m1", body: "Let me in", author: stranger, unverified: false }), public_version: 7 },
  ]

  const [before] = timeline([held])
  const after = timeline([held, ...accepted])

  assert.deepEqual([before.unverified, before.sender, before.mail?.from], [true, "otto@elsewhere.example", "otto@elsewhere.example"])
  assert.deepEqual(after.map(item => item.kind), ["message", "entry"])
  assert.deepEqual([after[0].unverified, after[0].decided, after[0].publicVersion], [false, "accepted", 7])
})

test("a blocked sender's message stays flagged, with nothing left to decide", () => {
  const [message] = timeline([
    anEvent(1, "UnverifiedMessageReceived", { message_id: "m1", body: "x", author: nia, unverified: true }, nia),
    anEvent(2, "SenderBlocked", { blocked_message_id: "m1", address: "nia@elsewhere.example" }),
  ])

  assert.deepEqual([message.unverified, message.decided], [true, "blocked"])
})

test("a mail nobody wrote is folded", () => {
  const [mail] = timeline([anEvent(1, "MessageReceived", { message_id: "m1", body: "Out of office", author: nia, mail: { raw: "r1", collapsed: true } }, nia)])

  assert.equal(mail.folded, true)
})

test("whom one step of an alert rings stands in one line, the next step in another", () => {
  const items = timeline([
    anEvent(1, "AlertNotified", { agent_name: "Oskar", method: "email" }),
    anEvent(2, "AlertNotified", { agent_name: "Priya", method: "email" }, mira, "2026-11-21T10:00:01Z"),
    anEvent(3, "AlertNotified", { agent_name: "Priya", method: "push" }, mira, "2026-11-21T10:00:01Z"),
    anEvent(4, "AlertNotified", { agent_name: "Oskar", method: "push" }, mira, "2026-11-21T10:10:00Z"),
  ])

  assert.deepEqual(items.map(item => item.event.data.agent_name), ["Oskar, Priya", "Priya", "Oskar"])
})

test("a ticket handed on to a team is one line with the reason, a mere move another", () => {
  const items = timeline([
    anEvent(1, "TeamChanged", { team_id: "t1", team_name: "Technical" }),
    anEvent(2, "TeamChanged", { team_id: "t2", team_name: "Support" }, mira, "2026-11-21T10:05:00Z"),
    anEvent(3, "TicketAssigned", { assignee_id: null }, mira, "2026-11-21T10:05:00Z"),
    anEvent(4, "TicketEscalated", { team_id: "t2", team_name: "Support", reason: "Needs a refund" }, mira, "2026-11-21T10:05:00Z"),
  ])

  assert.deepEqual(items.map(item => item.version), [1, 3, 4])
})

test("what has left is not shown as held too, though the ticket has not been asked for again", () => {
  const said = { ...anEvent(3, "ReplySent", { message_id: "m1", body: "Soon", author: mira }), client_id: "h1" }
  const ticket = { held_replies: [{ id: "h1" }, { id: "h2" }] }

  assert.deepEqual(withoutSent(ticket, [anEvent(2, "ReplyHeld"), said]).held_replies, [{ id: "h2" }])
  assert.equal(withoutSent({ held_replies: [] }, [said]).held_replies.length, 0)
})
