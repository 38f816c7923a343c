// Words pasted with their looks, as Markdown: what a word processor or a page put on the clipboard.

const INLINE = { B: "**", STRONG: "**", I: "*", EM: "*", CODE: "`", S: "~~", DEL: "~~" }
const BLOCKS = new Set(["P", "DIV", "SECTION", "ARTICLE", "TABLE", "TR", "UL", "OL", "LI", "H1", "H2", "H3", "H4", "H5", "H6", "PRE", "BLOCKQUOTE", "HR"])
const UNSEEN = new Set(["SCRIPT", "STYLE", "TITLE", "META", "HEAD", "TEMPLATE"])

/**
 * @param {string} source HTML of the clipboard
 * @returns {string | null} null where it says no more than its plain text, or this browser cannot read it safely
 */
export function asMarkdown(source) {
  const parse = /** @type {any} */ (globalThis.Document)?.parseHTML // reads without running, loading or trusting anything
  if (typeof parse !== "function" || !/<(b|strong|i|em|a|ul|ol|h[1-6]|blockquote|pre|code|table)\b/i.test(source)) return null
  const page = /** @type {Document} */ (parse.call(Document, source))
  return tidy(written(page.body, "")) || null
}

/** @param {Node} node @param {string} indent @returns {string} */
export function written(node, indent) {
  let out = ""
  let number = 0
  for (const child of node.childNodes) {
    if (child.nodeType === 3) out += (child.nodeValue ?? "").replace(/\s+/g, " ")
    if (child.nodeType !== 1) continue
    const element = /** @type {Element} */ (child)
    const tag = element.tagName
    if (UNSEEN.has(tag)) continue
    const inside = tag === "PRE" ? element.textContent ?? "" : written(element, indent)
    if (tag === "BR") out += "\n"
    else if (tag === "HR") out += "\n\n---\n\n"
    else if (tag === "A") out += link(inside, element.getAttribute("href") ?? "")
    else if (tag === "LI") out += `\n${node.nodeName === "OL" ? `${++number}.` : "-"} ${inside.trim().replace(/\n+/g, "\n  ")}`
    else if (/^H[1-6]$/.test(tag)) out += `\n\n${"#".repeat(Number(tag[1]))} ${inside.trim()}\n\n`
    else if (tag === "PRE") out += `\n\n\`\`\`\n${inside.trim()}\n\`\`\`\n\n`
    else if (tag === "BLOCKQUOTE") out += `\n\n${tidy(inside).replace(/^/gm, "> ")}\n\n`
    else if (tag === "TD" || tag === "TH") out += `${inside.trim().replace(/\s*\n\s*/g, " ")} | `
    else if (tag === "TR") out += `\n| ${inside.trim()}`
    else if (tag === "TABLE") out += `\n\n${table(inside)}\n\n`
    else if (tag in INLINE && inside.trim()) out += marked(/** @type {keyof typeof INLINE} */ (tag), inside)
    else out += BLOCKS.has(tag) ? `\n\n${inside}\n\n` : inside
  }
  return out
}

/** Marks stand at the words, not at the blanks around them. @param {keyof typeof INLINE} tag @param {string} text */
function marked(tag, text) {
  const [, before, words, after] = /^(\s*)([^]*?)(\s*)$/.exec(text) ?? []
  return `${before}${INLINE[tag]}${words}${INLINE[tag]}${after}`
}

/** Its first row becomes the head; one that only lays out a single column is plain lines. @param {string} rows */
function table(rows) {
  const lines = rows.split("\n").map(line => line.trim()).filter(Boolean)
  const columns = Math.max(...lines.map(line => line.split(" |").length - 1), 0)
  if (columns < 2) return lines.map(line => line.replace(/^\| ?|\s*\|$/g, "")).join("\n\n")
  return [lines[0], `|${" --- |".repeat(lines[0].split(" |").length - 1)}`, ...lines.slice(1)].join("\n")
}

/** @param {string} words @param {string} target */
function link(words, target) {
  if (!/^(https?:|mailto:)/.test(target) || !words.trim()) return words
  return words.trim() === target ? target : `[${words.trim().replace(/[[\]]/g, "")}](${target.replace(/[()\s]/g, encodeURIComponent)})`
}

/** @param {string} text */
function tidy(text) {
  return text.replace(/ /g, " ").replace(/[ \t]+\n/g, "\n").replace(/\n[ \t]+(?=\S)(?![-*\d])/g, "\n").replace(/\n{3,}/g, "\n\n").trim()
}
