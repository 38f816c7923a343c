// In an overload the ticket that "Next" gives may stand below late ones; only then is it said why.

import assert from "node:assert/strict"
import { test } from "node:test"
import { wentAhead } from "../../../agents_ui/queue/passed_over.js"

const NOW = Date.parse("2026-11-21T10:00:00Z")
const aRow = (ticket_id, time, changes = {}) => ({
  ticket_id, status: "open", assignee: null, pool_id: "p", team: null,
  start_by: `2026-11-21T${time}:00Z`, rank_at: `2026-11-21T${time}:00Z`, ...changes,
})

test("what can still be met went ahead of a late ticket that stood above it", () => {
  assert.equal(wentAhead("new", [aRow("late", "09:00"), aRow("new", "10:20")], {}, NOW), true)
})

test("nothing went ahead where the ticket was late itself, stood first, or is not known here", () => {
  assert.equal(wentAhead("late", [aRow("later", "08:00"), aRow("late", "09:00")], {}, NOW), false)
  assert.equal(wentAhead("new", [aRow("new", "10:20"), aRow("newer", "10:30")], {}, NOW), false)
  assert.equal(wentAhead("new", [aRow("late", "09:00")], {}, NOW), false)
})

test("a late ticket of somebody, or one that Next would not give, was not passed", () => {
  const taken = aRow("new", "10:20")
  const theirs = aRow("theirs", "09:00", { assignee: { id: "x", name: "X" } })
  const locked = aRow("locked", "09:00", { pool_id: "q" })

  assert.equal(wentAhead("new", [theirs, locked, taken], { q: { reason: "team", skills: [] } }, NOW), false)
})
