// What strangers wrote, as safe nodes: plain text with links, quoted mail folded away.

import { html } from "../../vendor/ui.js"
import { t } from "../translation.js"

const LINK = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]|\b[\w.+-]+@[\w-]+\.[\w.-]*\w/g

/** @param {{body: string, quoted?: string}} props */
export function Body({ body, quoted: known = "" }) {
  const { said, quoted } = known ? { said: body.trimEnd(), quoted: known } : splitQuote(body)
  return html`<div class="said">${linked(said)}</div>
    ${quoted && html`<details class="quoted"><summary>${t("Show quoted text")}</summary><div class="said">${linked(quoted)}</div></details>`}`
}

/** @param {string} text @returns {any[]} */
export function linked(text) {
  const parts = []
  let end = 0
  for (const match of text.matchAll(LINK)) {
    parts.push(text.slice(end, match.index))
    const isMail = !match[0].startsWith("http")
    parts.push(html`<a href=${isMail ? `mailto:${match[0]}` : match[0]} target="_blank" rel="noopener noreferrer nofollow">${match[0]}</a>`)
    end = match.index + match[0].length
  }
  parts.push(text.slice(end))
  return parts
}

/** The tail of a mail that only repeats what was said before. @param {string} text @returns {{said: string, quoted: string}} */
export function splitQuote(text) {
  const lines = text.split("\n")
  let from = lines.length
  while (from > 0 && (lines[from - 1].startsWith(">") || !lines[from - 1].trim())) from--
  const quotes = lines.slice(from).filter(line => line.startsWith(">")).length
  if (quotes < 2) return { said: text.trimEnd(), quoted: "" }
  if (from > 0 && /:\s*$/.test(lines[from - 1])) from-- // "On Friday Nia wrote:"
  const said = lines.slice(0, from).join("\n").trimEnd()
  return said ? { said, quoted: lines.slice(from).join("\n").trim() } : { said: text.trimEnd(), quoted: "" }
}
