// Strangers' text made safe to show: only ever text nodes and links, never markup.

import { locale } from "./translation.js"

const LINK = /\bhttps?:\/\/[^\s<>"']+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/gi
const TRAILING = /[.,;:!?…)\]}]+$/

/** Text cut into plain parts and links. @param {string} text @returns {{ text: string, href?: string }[]} */
export function linked(text) {
  const parts = []
  let end = 0
  for (const match of text.matchAll(LINK)) {
    let found = match[0]
    if (found.includes("://")) found = balanced(found)
    if (match.index > end) parts.push({ text: text.slice(end, match.index) })
    parts.push({ text: found, href: found.includes("://") ? found : `mailto:${found}` })
    end = match.index + found.length
  }
  if (end < text.length) parts.push({ text: text.slice(end) })
  return parts
}

/** Punctuation after an address is not part of it, but a bracket it opened is. @param {string} address */
function balanced(address) {
  const trailing = TRAILING.exec(address)?.[0] ?? ""
  const kept = address.slice(0, address.length - trailing.length)
  return trailing.startsWith(")") && kept.split("(").length > kept.split(")").length ? `${kept})` : kept
}

const OFFERS = /(?:^|\n)[ \t]*((?:\[[^[\]\n]{1,60}\][ \t]*){1,6})\s*$/

/** The buttons an answer offers: its last line, where that is nothing but `[Yes] [No]`. @param {string} text */
export function offers(text) {
  return [...(OFFERS.exec(text)?.[1] ?? "").matchAll(/\[(.*?)\]/g)].map(found => found[1])
}

/** @param {string} text */
export function withoutOffers(text) {
  return text.replace(OFFERS, "") || text
}

/** An answer written as HTML, as the words a reader would see. @param {string} markup */
export function plain(markup) {
  /** @type {Record<string, string>} */
  const named = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0" }
  return markup
    .replace(/\s*\n\s*/g, " ")
    .replace(/<(style|script)\b[\s\S]*?<\/\1\s*>/gi, "")
    .replace(/(?:<br\s*\/?>|<\/(?:p|div|li|tr|h\d|blockquote)>)\s*/gi, "\n")
    .replace(/<li\b[^>]*>/gi, "• ")
    .replace(/<[^>]*>/g, "")
    .replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, (whole, decimal, hex, name) =>
      name ? (named[name.toLowerCase()] ?? whole) : character(decimal ? Number(decimal) : parseInt(hex, 16), whole))
    .replace(/[ \t]+\n/g, "\n")
    .trim()
}

/** Markdown as the words alone: a link keeps its address, a list its dashes. @param {string} text */
export function unmarked(text) {
  return text
    .replace(/^(```.*\n?|#+ )/gm, "")
    .replace(/!?\[([^[\]\n]*)\]\((?:upload:\S+|(\S+))\)/g, "$1 $2")
    .replace(/(?<!\w)(\*\*|~~|[*_`])(\S.*?)\1(?!\w)/g, "$2")
}

/** @param {number} code @param {string} otherwise */
function character(code, otherwise) {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : otherwise
}

/** "Anna Maria Berg" → "AB". @param {string | null | undefined} name */
export function initials(name) {
  const words = (name ?? "").trim().split(/\s+/).filter(Boolean)
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : words
  return ends.map(word => [...word][0]).join("").toLocaleUpperCase()
}

/** As in the agents' workspace. @param {number} bytes */
export function fileSize(bytes) {
  if (bytes < 1000) return `${bytes} B`
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "kB"] : [bytes / 1e6, "MB"]
  return `${(Math.round(value * 10) / 10).toLocaleString(locale())} ${unit}`
}

/** @param {string} address */
export function looksLikeEmail(address) {
  return /^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>".]{2,}$/.test(address) && address.length <= 254
}
