// Everything that can happen to a ticket is told, or left out on purpose.

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { describe, hasLine } from "../../../agents_ui/ticket/entries.js"
import { SAID, SILENT } from "../../../agents_ui/ticket/timeline.js"

const page = readFileSync(new URL("../../../docs/events.md", import.meta.url), "utf8")
const names = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(match => match[1])

const mira = { kind: "agent", id: "a1", name: "Mira" }
const anEvent = (name, data = {}, by = mira) => ({ version: 1, name, id: "e1", by, at: "2026-11-21T10:00:00Z", data })

test("every event of the documentation is a message, a line, or left out on purpose", () => {
  assert.ok(names.length > 40)
  assert.deepEqual(names.filter(name => !SAID.has(name) && !SILENT.has(name) && !hasLine(name)), [])
})

test("no event is both told and left out", () => {
  assert.deepEqual(names.filter(name => [SAID.has(name), SILENT.has(name), hasLine(name)].filter(Boolean).length > 1), [])
})

test("what this version does not know is no line", () => {
  assert.equal(describe(anEvent("SomethingNewer", { whatever: 1 })), null)
})

test("a merge and a split name the other ticket and lead to it", () => {
  const lines = [
    anEvent("TicketMerged", { into: "t2", into_number: 12, previous: "open" }),
    anEvent("MergeReceived", { merged: "t1", merged_number: 11, messages: [] }),
    anEvent("MergeUndone", { other: "t2", other_number: 12 }),
    anEvent("TicketSplit", { other: "t3", other_number: 13, messages: ["m1", "m2"], is_new: false }),
    anEvent("MessageSplitOff", { split_message_id: "m1", into: "t4", into_number: 14 }),
  ].map(describe)

  assert.deepEqual(lines.map(line => [line.ticket, /#\d\d/.exec(line.text)[0]]), [
    ["t2", "#12"], ["t1", "#11"], ["t2", "#12"], ["t3", "#13"], ["t4", "#14"],
  ])
})

test("a step of the policy says what was due, when, and what was done", () => {
  const step = (when, action, agent_ids = []) => describe(anEvent("SlaStepTaken", { metric: "first_response", when, action, agent_ids })).text

  assert.equal(step("80 %", "notify_team", ["a1", "a2"]), "First response, 80 % of the time used: 2 colleagues were told")
  assert.equal(step("-30 min", "raise_priority"), "First response, 30 minutes before it is due: the priority rises")
  assert.equal(step("+10 min", "alert"), "First response, 10 minutes late: an alert was raised")
  assert.equal(step("+1 min", "alert"), "First response, 1 minute late: an alert was raised")
  assert.equal(step("-1 min", "alert"), "First response, 1 minute before it is due: an alert was raised")
})

test("other promises say what was changed, which policy and plan count now, and until when", () => {
  const told = data => describe(anEvent("PromiseChanged", { due_before: null, due_at: null, ...data })).text
  const brought = { plan_before: "Standard", plan: "Standard", policy_before: null, policy: "Urgent" }

  assert.equal(told({ because: "tags", ...brought }), "The tags were changed · SLA policy Urgent instead of none")
  assert.equal(told({ because: "company", ...brought, plan: "Business", policy: null }), "The company has another plan · plan Business instead of Standard")
  assert.match(told({ because: "calendar", due_at: "2026-05-04T10:00:00Z" }), /^Opening hours were changed: due .+ now$/, "as it was told before plans and policies were named")
})

test("a plan that leaves the ticket's channel out is said in a sentence", () => {
  assert.equal(describe(anEvent("PlanLeftOut", { plan: "Enterprise", channel: "phone" })).text, "Enterprise does not include phone")
})

test("a visitor who was asked nothing only wrote from a page", () => {
  const page = "https://shop.example/mills"
  const told = data => describe(anEvent("VisitorIntroduced", { answers: {}, page: null, consent: null, ...data })).text

  assert.equal(told({ page }), `Wrote from ${page}`)
  assert.equal(told({ page, answers: { name: "Kim" } }), `The visitor said before the chat: name: Kim · Wrote from ${page}`)
})

test("a ticket that a call opened again says so", () => {
  const lines = ["contact_called", "call_owed"].map(reason => describe(anEvent("TicketOpenedAgain", { reason })).text)

  assert.deepEqual(lines, ["The contact called: it is open again", "A call was promised: it is open until then"])
})
