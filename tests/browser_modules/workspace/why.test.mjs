// "Why is this here?" reads as the server says it, in the agent's zone and language.

import assert from "node:assert/strict"
import { test } from "node:test"
import { useLocale, useTimeZone } from "../../../agents_ui/translation.js"
import { sentence } from "../../../agents_ui/queue/why.js"

const today = time => `${new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone: "UTC" }).format(Date.now())}T${time}:00Z`
const aRow = (head_start, handling_minutes = 0) => ({
  status: "open", why: "", why_parts: { metric: "first_response", due_at: today("14:45"), start_by: today("14:36"), handling_minutes, head_start },
})

test("one head start is named, several are added up and named with their parts", async () => {
  await useLocale("en")
  useTimeZone("UTC")
  const plan = { reason: "plan", name: "Enterprise", minutes: 10 }
  const chat = { reason: "live_chat", name: "Live chat", minutes: 30 }

  assert.equal(sentence(aRow([plan], 9)), "Start by 14:36 (due 14:45, typically 9 min); 10 min head start: Enterprise")
  assert.equal(sentence(aRow([plan, chat])), "Start by 14:36 (due 14:45); 40 min head start: Enterprise 10, live chat 30")
  assert.equal(sentence(aRow([])), "Start by 14:36 (due 14:45)")
})

test("a plan that leaves the ticket's channel out is named after the rest", async () => {
  await useLocale("en")
  useTimeZone("UTC")
  const chat = { reason: "live_chat", name: "Live chat", minutes: 30 }
  const leftOut = head_start => sentence({ ...aRow(head_start), channel: "phone", left_out_plan: { id: "1", name: "Enterprise" } })

  assert.equal(leftOut([]), "Start by 14:36 (due 14:45); Enterprise does not include phone")
  assert.equal(leftOut([chat]), "Start by 14:36 (due 14:45); 30 min head start: live chat; Enterprise does not include phone")
})

test("a day other than today is named shortly", async () => {
  await useLocale("en")
  useTimeZone("UTC")
  const row = aRow([])
  row.why_parts.start_by = "2020-02-03T12:51:00Z"

  assert.match(sentence(row), /^Start by 3 Feb 12:51 \(due/)
})

test("what does not wait for us is in no queue, and no time is named to start by", async () => {
  await useLocale("en")
  const resting = status => sentence({ ...aRow([]), status })

  assert.equal(resting("pending"), "Not in the queue: it waits for the contact")
  assert.equal(resting("snoozed"), "Not in the queue until it wakes")
  assert.equal(resting("resolved"), "Not in the queue: it is done")
})
