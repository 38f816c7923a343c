// Markdown as an agent writes it: drawn as safe nodes, and the marks that buttons and keys put around words.

import { html } from "../../vendor/ui.js"
import { linked } from "../ticket/rich_text.js"
import { t } from "../translation.js"

/** @import { Attachment } from "../types.js" */
/** @typedef {{text: string, from: number, to: number}} Field a text and what is selected in it */
/** @typedef {"bold" | "italic" | "code" | "link" | "list" | "numbers" | "quote"} Mark */

const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|~~([^~\n]+)~~|(?<![\w*])\*([^*\n]+)\*(?![\w*])|(?<!\w)_([^_\n]+)_(?!\w)|!\[([^[\]\n]{0,300})\]\(([^()\s]+)\)|\[([^[\]\n]+)\]\(((?:https?:\/\/|mailto:|tel:)[^()\s]+)\)/g
const AROUND = { bold: "**", italic: "*", code: "`" }
const BEFORE = { list: "- ", numbers: "1. ", quote: "> " }

/** @param {{text: string, files?: Attachment[]}} props `files` are those the text may show as pictures */
export function Markdown({ text, files = [] }) {
  return html`<div class="said markdown">${blocks(text).map(one => block(one, files))}</div>`
}

/** The files that stand in the text as pictures. @param {string} text @returns {Set<string>} */
export function uploadsIn(text) {
  return new Set([...text.matchAll(/!\[[^[\]\n]{0,300}\]\(upload:([\w-]+)\)/g)].map(found => found[1]))
}

/** @typedef {{kind: string, lines: string[], level?: number, aligned?: string[]}} Block */
/** @param {string} text @returns {Block[]} */
export function blocks(text) {
  /** @type {Block[]} */
  const found = []
  let fenced = false
  for (const line of text.replace(/\r\n/g, "\n").split("\n")) {
    const last = found[found.length - 1]
    if (/^ {0,3}```/.test(line)) {
      fenced = !fenced
      if (fenced) found.push({ kind: "fence", lines: [] })
      continue
    }
    if (fenced) { last.lines.push(line); continue }
    const heading = /^ {0,3}(#{1,6}) +(.*)$/.exec(line)
    const item = /^ {0,3}(?:[-*+]|(\d{1,9})[.)]) +(.*)$/.exec(line)
    const quoted = /^ {0,3}> ?(.*)$/.exec(line)
    if (!line.trim()) found.push({ kind: "gap", lines: [] })
    else if (/^ {0,3}([-*_])( *\1){2,} *$/.test(line)) found.push({ kind: "rule", lines: [] })
    else if (heading) found.push({ kind: "heading", lines: [heading[2]], level: heading[1].length })
    else if (quoted) add(found, "quote", quoted[1])
    else if (last?.kind === "table" && last.aligned) last.lines.push(line)
    else if (last?.kind === "paragraph" && isRuleOf(line, last.lines[last.lines.length - 1])) {
      const head = /** @type {string} */ (last.lines.pop())
      if (!last.lines.length) found.pop()
      found.push({ kind: "table", lines: [head], aligned: cellsOf(line).map(alignment) })
    }
    else if (item) add(found, item[1] ? "numbers" : "list", item[2])
    else if (last && (last.kind === "list" || last.kind === "numbers")) last.lines[last.lines.length - 1] += `\n${line.trim()}`
    else add(found, "paragraph", line.trimStart())
  }
  return found.filter(one => one.kind !== "gap")
}

/** Whether a line of dashes makes the one above it the head of a table. @param {string} line @param {string} above */
function isRuleOf(line, above) {
  return /^ {0,3}\|?( *:?-+:? *\|)*( *:?-+:? *)\|? *$/.test(line) && line.includes("|") && cellsOf(line).length === cellsOf(above).length
}

/** @param {string} line @returns {string[]} */
function cellsOf(line) {
  return line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "").split(/(?<!\\)\|/).map(cell => cell.trim().replaceAll("\\|", "|"))
}

/** @param {string} rule */
function alignment(rule) {
  return rule.endsWith(":") ? (rule.startsWith(":") ? "center" : "end") : "start"
}

/** @param {Block[]} found @param {string} kind @param {string} line */
function add(found, kind, line) {
  const last = found[found.length - 1]
  if (last?.kind === kind) last.lines.push(line)
  else found.push({ kind, lines: [line] })
}

/** @param {Block} one @param {Attachment[]} files @returns {any} */
function block({ kind, lines, level = 1, aligned = [] }, files) {
  const text = lines.join("\n")
  switch (kind) {
    case "fence": return html`<pre><code>${text}</code></pre>`
    case "rule": return html`<hr />`
    case "heading": return html`<p class=${`heading level-${Math.min(level, 3)}`}>${inline(text, files)}</p>`
    case "quote": return html`<blockquote>${blocks(text).map(one => block(one, files))}</blockquote>`
    case "list": return html`<ul>${lines.map((line, index) => html`<li key=${index}>${inline(line, files)}</li>`)}</ul>`
    case "numbers": return html`<ol>${lines.map((line, index) => html`<li key=${index}>${inline(line, files)}</li>`)}</ol>`
    case "table": return table(lines.map(cellsOf), aligned, files)
    default: return html`<p>${inline(text, files)}</p>`
  }
}

/** As wide as its head: what a row has more is left out, what it lacks is empty. @param {string[][]} rows @param {string[]} aligned @param {Attachment[]} files */
function table([head, ...rows], aligned, files) {
  return html`<div class="table" tabindex="0" role="region" aria-label=${t("Table")}><table><thead><tr>${head.map((cell, index) => html`<th key=${index} data-align=${aligned[index]}>${inline(cell, files)}</th>`)}</tr></thead>
    <tbody>${rows.map((row, at) => html`<tr key=${at}>${head.map((_, index) => html`<td key=${index} data-align=${aligned[index]}>${inline(row[index] ?? "", files)}</td>`)}</tr>`)}</tbody></table></div>`
}

/** @param {string} text @param {Attachment[]} files @returns {any[]} */
function inline(text, files) {
  const parts = []
  let end = 0
  for (const match of text.matchAll(INLINE)) {
    parts.push(...linked(unescaped(text.slice(end, match.index))))
    const [, code, bold, struck, italic, other, alt, source, words, target] = match
    if (code) parts.push(html`<code>${code}</code>`)
    else if (bold) parts.push(html`<strong>${inline(bold, files)}</strong>`)
    else if (struck) parts.push(html`<del>${inline(struck, files)}</del>`)
    else if (italic || other) parts.push(html`<em>${inline(italic ?? other, files)}</em>`)
    else if (source) parts.push(picture(alt, source, files))
    else parts.push(html`<a href=${target} target="_blank" rel="noopener noreferrer nofollow">${words}</a>`)
    end = match.index + match[0].length
  }
  return [...parts, ...linked(unescaped(text.slice(end)))]
}

/** @param {string} alt @param {string} source @param {Attachment[]} files */
function picture(alt, source, files) {
  const file = files.find(one => source === `upload:${one.id}`)
  return file?.url ? html`<img src=${file.url} alt=${alt || file.name} loading="lazy" decoding="async" />` : alt
}

/** @param {string} text */
function unescaped(text) {
  return text.replace(/\\([\\`*_{}[\]()#+.!~>|-])/g, "$1")
}

/** The field after a button or key: marks put around the selection, or taken away. @param {Mark} mark @param {Field} field @returns {Field} */
export function marked(mark, { text, from, to }) {
  if (mark === "link") return linkedTo(text, from, to)
  if (mark === "list" || mark === "numbers" || mark === "quote") return prefixed(BEFORE[mark], text, from, to)
  const around = AROUND[mark]
  const size = around.length
  if (text.slice(from - size, from) === around && text.slice(to, to + size) === around) {
    return { text: text.slice(0, from - size) + text.slice(from, to) + text.slice(to + size), from: from - size, to: to - size }
  }
  return { text: text.slice(0, from) + around + text.slice(from, to) + around + text.slice(to), from: from + size, to: to + size }
}

/** @param {string} text @param {number} from @param {number} to @returns {Field} */
function linkedTo(text, from, to) {
  const chosen = text.slice(from, to)
  const isAddress = /^https?:\/\/\S+$/.test(chosen)
  const made = isAddress ? `[](${chosen})` : `[${chosen}](https://)`
  const at = isAddress ? from + 1 : from + made.length - 1
  return { text: text.slice(0, from) + made + text.slice(to), from: chosen ? at : from + 1, to: chosen ? at : from + 1 }
}

/** Every line of the selection begins so, or none does. @param {string} prefix @param {string} text @param {number} from @param {number} to @returns {Field} */
function prefixed(prefix, text, from, to) {
  const start = text.lastIndexOf("\n", from - 1) + 1
  const lines = text.slice(start, to).split("\n")
  const off = lines.every(line => line.startsWith(prefix))
  const changed = lines.map(line => (off ? line.slice(prefix.length) : prefix + line)).join("\n")
  const shift = off ? -prefix.length : prefix.length
  return { text: text.slice(0, start) + changed + text.slice(to), from: Math.max(start, from + shift), to: start + changed.length }
}

/** Enter inside a list goes on with it; on an empty item it ends it. @param {Field} field @returns {Field | null} null: nothing special */
export function newLine({ text, from, to }) {
  if (from !== to) return null
  const start = text.lastIndexOf("\n", from - 1) + 1
  const item = /^( {0,3})([-*+]|(\d{1,9})([.)])|>) +(.*)$/.exec(text.slice(start, from))
  if (!item) return null
  if (!item[5]) return { text: `${text.slice(0, start)}\n${text.slice(from)}`, from: start + 1, to: start + 1 } // without the gap what follows belongs to it
  const next = item[3] ? `${item[1]}${Number(item[3]) + 1}${item[4]} ` : `${item[1]}${item[2]} `
  const at = from + 1 + next.length
  return { text: `${text.slice(0, from)}\n${next}${text.slice(to)}`, from: at, to: at }
}
