// Events become what a visitor reads.

import assert from "node:assert/strict"
import { test } from "node:test"
import { answering, grouped, statusAfter, unreadAfter, withEvents, withWaiting } from "../../../widget/thread.js"

const ANNA = { kind: "agent", id: "a1", name: "Anna Berg" }
const at = minute => new Date(2026, 10, 21, 12, minute).toISOString()
const received = (version, body, extra = {}) => ({ version, name: "MessageReceived", at: at(version), by: { kind: "contact" }, data: { message_id: `m${version}`, body }, ...extra })
const reply = (version, body, extra = {}) => ({ version, name: "ReplySent", at: at(version), by: ANNA, data: { message_id: `m${version}`, body, author: ANNA, ...extra } })
const happened = (version, name) => ({ version, name, at: at(version), data: {} })
const waiting = (client_id, body) => ({ client_id, ticket: "t", body, uploads: [], at: Date.parse(at(30)), state: "waiting" })

test("messages and turns of the ticket are shown, unknown events are not", () => {
  const lines = withEvents([], [happened(1, "TicketOpened"), received(2, "Hello"), reply(3, "Hi"), happened(4, "SomethingNew"), happened(5, "TicketResolved")])

  assert.deepEqual(lines.map(line => [line.kind, line.mine, line.notice ?? line.text]), [
    ["message", true, "Hello"], ["message", false, "Hi"], ["notice", false, "TicketResolved"],
  ])
})

test("somebody who was woken is told of where the plan says so: only then the event arrives", () => {
  const [, line] = withEvents([], [received(1, "The mill stands still"), happened(2, "OnCallWoken")])

  assert.deepEqual([line.kind, line.notice], ["notice", "OnCallWoken"])
})

test("a call that was asked for stands in the conversation with its time", () => {
  const asked = { version: 2, name: "CallbackRequested", at: at(2), data: { number: "+46701740612", at: at(40) } }
  const [, line] = withEvents([], [received(1, "Call me"), asked])

  assert.deepEqual([line.kind, line.notice, line.text], ["notice", "CallbackRequested", at(40)])
})

test("two agents never share a byline, also where the reader is not told who they are", () => {
  const by = name => ({ author: { kind: "agent", id: null, name } })

  assert.equal(grouped(withEvents([], [reply(1, "Hi", by("Anna")), reply(2, "Hello", by("Anna")), reply(3, "Me too", by("Bo"))])).length, 2)
})

test("what was solved by mistake and taken back at once leaves no trace", () => {
  const notices = events => withEvents([], events).map(line => line.notice ?? line.text)

  assert.deepEqual(notices([received(1, "Hello"), happened(2, "TicketResolved"), happened(3, "TicketReopened")]), ["Hello"])
  assert.deepEqual(notices([happened(2, "TicketResolved"), received(3, "No"), happened(4, "TicketReopened")]), ["TicketResolved", "No", "TicketReopened"])
})

test("who answered in the last quarter of an hour is there, even after hours", () => {
  const lines = withEvents([], [reply(3, "Hi"), received(5, "Thanks")])

  assert.equal(answering(lines, new Date(at(17)))?.name, "Anna Berg")
  assert.equal(answering(lines, new Date(at(18))), null)
  assert.equal(answering(withEvents([], [received(1, "Hello")]), new Date(at(1))), null)
})

test("an agent's HTML is shown as words", () => {
  assert.equal(withEvents([], [reply(1, "<p>Hi <b>there</b></p>", { html: true })])[0].text, "Hi there")
})

test("a waiting message stands last and gives way to its event", () => {
  const before = withWaiting(withEvents([], [reply(1, "Hi")]), [waiting("c1", "Thanks")])
  const after = withWaiting(withEvents([], [reply(1, "Hi"), received(2, "Thanks", { client_id: "c1" })]), [waiting("c1", "Thanks")])

  assert.deepEqual(before.map(line => [line.text, !!line.waiting]), [["Hi", false], ["Thanks", true]])
  assert.deepEqual(after.map(line => [line.text, !!line.waiting]), [["Hi", false], ["Thanks", false]])
})

test("lines of one author in one breath form a group, and each day is named once", () => {
  const groups = grouped(withEvents([], [received(1, "a"), received(2, "b"), reply(3, "c"), received(20, "d"), received(26, "e")]))

  assert.deepEqual(groups.map(group => group.lines.map(line => line.text)), [["a", "b"], ["c"], ["d"], ["e"]])
  assert.deepEqual(groups.map(group => !!group.day), [true, false, false, false])
})

test("unread counts answers after what was read, never the visitor's own words", () => {
  const lines = withEvents([], [received(1, "a"), reply(2, "b"), reply(3, "c"), received(4, "d")])

  assert.equal(unreadAfter(lines, 0), 2)
  assert.equal(unreadAfter(lines, 2), 1)
  assert.equal(unreadAfter(lines, 4), 0)
})

test("the status follows the last event that changes it", () => {
  assert.equal(statusAfter("open", [happened(1, "TicketResolved"), happened(2, "TicketReopened")]), "open")
  assert.equal(statusAfter("pending", [received(1, "a")]), "pending")
})
