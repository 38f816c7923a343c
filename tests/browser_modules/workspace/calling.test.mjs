// What calls for an agent who looks elsewhere, and what does not.

import assert from "node:assert/strict"
import { test } from "node:test"
import { callOf } from "../../../agents_ui/queue/calling.js"

const ME = { id: "me", name: "Me" }
const OTHER = { id: "other", name: "Other" }
const reader = { me: "me", isAway: false, outOfReach: {} }
const aChat = changes => ({
  status: "open", channel: "chat", assignee: null, unread: true, pool_id: "p", last_message_at: "2026-03-02T10:00:00Z", ...changes,
})
const later = { last_message_at: "2026-03-02T10:05:00Z" }

test("a chat that begins to wait calls, once", () => {
  assert.equal(callOf(undefined, aChat(), reader), "chat")
  assert.equal(callOf(aChat(), aChat(later), reader), null)
  assert.equal(callOf(aChat({ unread: false }), aChat(later), reader), "chat")
})

test("a chat does not call who is away or would not be given it, nor where it is a mail", () => {
  assert.equal(callOf(undefined, aChat(), { ...reader, isAway: true }), null)
  assert.equal(callOf(undefined, aChat(), { ...reader, outOfReach: { p: { reason: "team" } } }), null)
  assert.equal(callOf(undefined, aChat({ channel: "email" }), reader), null)
})

test("words on one's own ticket call, on a colleague's they do not", () => {
  assert.equal(callOf(aChat({ assignee: ME, unread: false }), aChat({ assignee: ME, ...later }), reader), "answer")
  assert.equal(callOf(aChat({ assignee: ME, unread: false }), aChat({ assignee: ME, unread: false, ...later }), reader), null)
  assert.equal(callOf(aChat({ assignee: OTHER, unread: false }), aChat({ assignee: OTHER, ...later }), reader), null)
})

test("a ticket that somebody gives me calls on every channel; what is done calls nobody", () => {
  assert.equal(callOf(aChat({ channel: "email" }), aChat({ channel: "email", assignee: ME }), reader), "given")
  assert.equal(callOf(aChat(), aChat({ assignee: ME, status: "resolved" }), reader), null)
  assert.equal(callOf(aChat(), null, reader), null)
})
