// What a mail says besides its words.

import assert from "node:assert/strict"
import { test } from "node:test"
import { received, spanOf } from "../../../agents_ui/ticket/mail_facts.js"
import { worth } from "../../../agents_ui/ticket/mail_signature.js"
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

test("a signature says no more than it proves", () => {
  const signed = { kind: "smime", state: "holds", addresses: ["kim@x"], issuer: "Kim's own", is_sender: true }

  assert.match(worth(signed).words, /kim@x, and unchanged since. Nobody vouches .*Kim's own/)
  assert.deepEqual(worth(signed).danger, false)
  assert.match(worth({ ...signed, is_sender: false }).words, /not the sender/)
  assert.equal(worth({ ...signed, is_sender: false }).danger, true)
  assert.equal(worth({ ...signed, state: "broken" }).danger, true)
  assert.match(worth({ ...signed, kind: "pgp", state: "unchecked", addresses: [] }).words, /PGP/)
  assert.match(worth(undefined).words, /part/)
})
