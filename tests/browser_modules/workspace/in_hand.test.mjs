// Whoever comes back is told which of their tickets were given to the queue meanwhile.

import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { toasts } from "../../../agents_ui/notices_store.js"
import { hadInHand, inHand, keepInMind, tellWhatWentBack } from "../../../agents_ui/queue/in_hand.js"

const mira = { id: "me", name: "Mira" }
const aTicket = (id, changes = {}) => ({ id, ticket_id: id, number: Number(id), status: "open", assignee: mira, ...changes })
const returnTo = tickets => tellWhatWentBack(tickets.map(one => one.id), async id => tickets.find(one => one.id === id))

beforeEach(() => { toasts.value = [] })

test("what is open and one's own is in hand, and kept in mind for the next time", () => {
  const rows = [aTicket("1"), aTicket("2", { assignee: null }), aTicket("3", { status: "pending" })]

  keepInMind("me", inHand(rows, "me"))

  assert.deepEqual(hadInHand("me"), ["1"])
  assert.deepEqual(hadInHand("somebody else"), [])
})

test("only what nobody has any more went back", async context => {
  context.mock.timers.enable({ apis: ["setTimeout"] })
  await returnTo([aTicket("1"), aTicket("2", { assignee: null }), aTicket("3", { assignee: null, status: "resolved" }), aTicket("4", { assignee: null })])

  assert.deepEqual(toasts.value.map(one => one.text), ["#2, #4 went back to the queue while you were away"])
})

test("nothing is said while everything is as it was, nor of what cannot be read", async () => {
  await returnTo([aTicket("1")])
  await tellWhatWentBack(["9"], () => Promise.reject(new Error("not found")))

  assert.deepEqual(toasts.value, [])
})
