// Strangers' text becomes plain words and safe links.

import assert from "node:assert/strict"
import { test } from "node:test"
import { fileSize, initials, linked, looksLikeEmail, plain, unmarked } from "../../../widget/text.js"

test("addresses become links, the punctuation after them does not", () => {
  assert.deepEqual(linked("See https://example.com/a?b=1, or write to hej@example.com."), [
    { text: "See " },
    { text: "https://example.com/a?b=1", href: "https://example.com/a?b=1" },
    { text: ", or write to " },
    { text: "hej@example.com", href: "mailto:hej@example.com" },
    { text: "." },
  ])
})

test("a bracket that belongs to the address stays with it", () => {
  assert.equal(linked("(https://example.com/a_(b))")[1].href, "https://example.com/a_(b)")
})

test("nothing but web and mail addresses becomes a link", () => {
  for (const text of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "<a href=x>"]) {
    assert.deepEqual(linked(text), [{ text }])
  }
})

test("an answer written as HTML is shown as its words", () => {
  const markup = "<style>p{}</style><p>Hi &amp; welcome,<br>\nyour <b>order</b> is&nbsp;here &#128230;</p><ul><li>one</li><li>two</li></ul>"

  assert.equal(plain(markup), "Hi & welcome,\nyour order is\u00a0here 📦\n• one\n• two")
})

test("an entity decodes once, never into markup that is read again", () => {
  assert.equal(plain("&amp;lt;b&amp;gt;"), "&lt;b&gt;")
})

test("initials come from the first and the last name", () => {
  assert.equal(initials("Anna Maria Berg"), "AB")
  assert.equal(initials("Åsa"), "Å")
  assert.equal(initials("  "), "")
  assert.equal(initials(null), "")
})

test("file sizes are told as people say them", () => {
  assert.equal(fileSize(13), "13 B")
  assert.equal(fileSize(25_400), "25.4 kB")
  assert.equal(fileSize(10_500_000), "10.5 MB")
})

test("an address needs a name, a domain and no spaces", () => {
  assert.equal(looksLikeEmail("eva.berg+shop@example.se"), true)
  for (const wrong of ["", "eva", "eva@", "@example.se", "eva@example", "e va@example.se"]) assert.equal(looksLikeEmail(wrong), false)
})

test("an answer in Markdown reads as its words, and what it offers stays an offer", () => {
  assert.equal(
    unmarked("Hello **Eva**, the *large* one?\n- `make` it\n[our page](https://x.example/a_b_c)\n```\ncode\n```\n[Yes] [No]"),
    "Hello Eva, the large one?\n- make it\nour page https://x.example/a_b_c\ncode\n[Yes] [No]",
  )
})
