// Markdown in the composer: blocks as the mail will have them, and marks by button and key.

import assert from "node:assert/strict"
import { test } from "node:test"
import { blocks, marked, newLine, uploadsIn } from "../../../agents_ui/writing/markdown.js"

test("blocks are told apart, and a line below an item belongs to it", () => {
  const found = blocks("Hello\nKim\n\n- one\n- two\n  more\n\n1. first\n\n> said\n\n```\n**code**\n```\n## Head")

  assert.deepEqual(found.map(one => [one.kind, one.lines.length]), [
    ["paragraph", 2], ["list", 2], ["numbers", 1], ["quote", 1], ["fence", 1], ["heading", 1],
  ])
  assert.equal(found[1].lines[1], "two\nmore")
})

test("a mark goes around the selection, and off again", () => {
  const bold = marked("bold", { text: "turn it off", from: 5, to: 7 })

  assert.deepEqual(bold, { text: "turn **it** off", from: 7, to: 9 })
  assert.deepEqual(marked("bold", bold), { text: "turn it off", from: 5, to: 7 })
})

test("a chosen address becomes a link whose words are to be written", () => {
  assert.deepEqual(marked("link", { text: "https://a.example", from: 0, to: 17 }), { text: "[](https://a.example)", from: 1, to: 1 })
})

test("every line of the selection becomes an item, or none is one any more", () => {
  const list = marked("list", { text: "one\ntwo", from: 0, to: 7 })

  assert.equal(list.text, "- one\n- two")
  assert.equal(marked("list", { ...list, from: 0 }).text, "one\ntwo")
})

test("Enter goes on with a list, and ends it on an empty item with a gap", () => {
  assert.equal(newLine({ text: "3. three", from: 8, to: 8 })?.text, "3. three\n4. ")
  assert.deepEqual(newLine({ text: "- one\n- ", from: 8, to: 8 }), { text: "- one\n\n", from: 7, to: 7 })
  assert.equal(newLine({ text: "words", from: 5, to: 5 }), null)
})

test("pictures in the text are named by their files", () => {
  assert.deepEqual([...uploadsIn("![a](upload:one) ![b](https://x.example/p.png)")], ["one"])
})

test("a line of dashes below a line of cells begins a table, which goes on until a gap", () => {
  const found = blocks("Prices:\n| Part | Price |\n|:---|---:|\n| Burr | 12 |\n| Lid \\| cap | 3\n\nDone\n\na | b\nplain")

  assert.deepEqual(found.map(one => [one.kind, one.lines.length]), [["paragraph", 1], ["table", 3], ["paragraph", 1], ["paragraph", 2]])
  assert.deepEqual(found[1].aligned, ["start", "end"])
})
