// What a row says when "Next" passes it over.

import assert from "node:assert/strict"
import { test } from "node:test"
import { reachOf } from "../../../agents_ui/queue/reach.js"

const aRow = changes => ({ status: "open", assignee: null, pool_id: "p", team: { id: "b", name: "Billing" }, ...changes })
const told = (reason, ...skills) => ({ p: { reason, skills } })

test("a row names the team, the skill, the language or the missing room", () => {
  assert.equal(reachOf(aRow(), told("team")).short, "Billing")
  assert.equal(reachOf(aRow(), told("skill", "vpn", "linux")).short, "vpn, linux")
  assert.equal(reachOf(aRow(), told("language", "language:sv")).short, "Swedish")
  assert.equal(reachOf(aRow(), told("room")).short, "No room")
})

test("what Next could give, what somebody has and what sleeps say nothing", () => {
  assert.equal(reachOf(aRow({ pool_id: "another" }), told("team")), null)
  assert.equal(reachOf(aRow({ assignee: { id: "x", name: "X" } }), told("team")), null)
  assert.equal(reachOf(aRow({ status: "snoozed" }), told("team")), null)
})

test("a language that is no language is shown as it is written", () => {
  assert.equal(reachOf(aRow(), told("language", "language:not a code")).short, "not a code")
})
