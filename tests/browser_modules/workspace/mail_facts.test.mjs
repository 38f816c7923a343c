// What a mail says besides its words.

import assert from "node:assert/strict"
import { test } from "node:test"
import { received, spanOf } from "../../../agents_ui/ticket/mail_facts.js"
import { useTimeZone } from "../../../agents_ui/translation.js"

test("only a mail that came in has facts of its own", () => {
  assert.equal(received(undefined), undefined)
  assert.equal(received({ format: "markdown", to: ["a@x"] }), undefined)
  assert.equal(received({ raw: "r1", sender: "a@x" })?.proof, "none")
})

test("a meeting is told in the reader's zone, a whole day by its days", () => {
  useTimeZone("Europe/Stockholm")
  const span = (starts, ends) => spanOf({ starts, ends, method: "request", summary: "", place: "", organiser: "", repeats: false })

  assert.match(span("2026-12-01T09:00:00+00:00", "2026-12-01T09:45:00+00:00"), /10:00.* – 10:45$/)
  assert.match(span("2026-12-01", "2026-12-02"), /^Tue,? 1 December 2026$/)
  assert.match(span("2026-12-01", "2026-12-03"), /1 December 2026 – .*2 December 2026$/)
})
