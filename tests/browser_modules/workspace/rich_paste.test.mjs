// What a word processor puts on the clipboard, as Markdown.

import assert from "node:assert/strict"
import { test } from "node:test"
import { written } from "../../../agents_ui/writing/rich_paste.js"

/** A node as the browser has it. @param {string} tag @param {(string | any)[]} children @param {Record<string, string>} [attributes] */
function node(tag, children, attributes = {}) {
  const nodes = children.map(one => (typeof one === "string" ? { nodeType: 3, nodeValue: one, textContent: one } : one))
  return {
    nodeType: 1, tagName: tag, nodeName: tag, childNodes: nodes, textContent: nodes.map(one => one.textContent).join(""),
    getAttribute: (/** @type {string} */ name) => attributes[name] ?? null,
  }
}

test("marks stand at the words, lists and links keep their meaning, styles are left behind", () => {
  const page = node("BODY", [
    node("STYLE", ["p{}"]),
    node("P", ["Hello", node("B", [" there "]), "you"]),
    node("OL", [node("LI", ["one"]), node("LI", ["two"])]),
    node("P", [node("A", ["docs"], { href: "https://a.example" }), node("A", ["bad"], { href: "javascript:x" })]),
  ])

  const said = written(/** @type {any} */ (page), "").replace(/\n{2,}/g, "\n").trim()

  assert.equal(said, "Hello **there** you\n1. one\n2. two\n[docs](https://a.example)bad")
})

test("a table keeps its rows, its first as the head; one column is no table", () => {
  const row = (/** @type {string[]} */ ...cells) => node("TR", cells.map(cell => node("TD", [cell])))
  const page = node("BODY", [node("TABLE", [node("TBODY", [row("Part", "Price"), row("Burr", "12")])]), node("TABLE", [row("Only words")])])

  const said = written(/** @type {any} */ (page), "").replace(/\n{2,}/g, "\n").trim()

  assert.equal(said, "| Part | Price |\n| --- | --- |\n| Burr | 12 |\nOnly words")
})
