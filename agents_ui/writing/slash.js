// What `/` at the beginning of a line asks for, which saved replies answer to it, and what was left to fill in.

import { fold, wordsIn } from "../seeking.js"

/** @import { SavedReply } from "../types.js" */
/** @typedef {{from: number, words: string}} Asked from where in the text, and what for */

const LEFT = /\{\{\s*(?:contact|company|ticket|agent|inbox)\.[^{}\n]*\}\}/

/** @param {string} text @param {number} caret @returns {Asked | null} */
export function askedAt(text, caret) {
  const from = text.lastIndexOf("\n", caret - 1) + 1
  return text[from] === "/" && caret > from ? { from, words: text.slice(from + 1, caret) } : null
}

/** Names that begin with the words come first, then names that hold them, then texts. @param {SavedReply[]} replies @param {string} words */
export function answering(replies, words) {
  const sought = wordsIn(words)
  const place = (/** @type {SavedReply} */ reply) => {
    const name = fold(reply.name)
    if (sought.every(word => name.includes(word))) return name.startsWith(sought[0] ?? "") ? 0 : 1
    return sought.every(word => fold(`${name} ${reply.body}`).includes(word)) ? 2 : 3
  }
  return replies.map(reply => ({ reply, place: place(reply) })).filter(one => one.place < 3).sort((a, b) => a.place - b.place).map(one => one.reply)
}

/** A placeholder that nothing was known for and nobody has written over. @param {string} text */
export function leftToFill(text) {
  const found = LEFT.exec(text)
  return found ? { mark: found[0], from: found.index, to: found.index + found[0].length } : null
}
