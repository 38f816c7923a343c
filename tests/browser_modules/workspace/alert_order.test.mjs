// The alert in front is the one that cannot wait.

import assert from "node:assert/strict"
import { test } from "node:test"
import { byUrgency, isOpen } from "../../../agents_ui/alert_order.js"

const anAlert = (id, minute, ticket) => ({ id, state: "open", reason: "", raised_at: `2026-11-21T10:0${minute}:00Z`, ticket_id: ticket })

test("the most urgent ticket's alert comes first, of two alike the one that has rung longest", () => {
  const priorities = { a: 2, b: 1, c: 1 }
  const alerts = [anAlert("no ticket", 0), anAlert("second", 1, "a"), anAlert("late", 3, "b"), anAlert("early", 2, "c")]

  const order = byUrgency(alerts, alert => priorities[alert.ticket_id]).map(alert => alert.id)

  assert.deepEqual(order, ["early", "late", "second", "no ticket"])
})

test("an answered or ended alert is not open", () => {
  const open = ["open", "acknowledged", "exhausted", "closed"].filter(state => isOpen({ ...anAlert("x", 0), state }))

  assert.deepEqual(open, ["open"])
})
