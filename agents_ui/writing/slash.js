// What `/` at the beginning of a line asks for, which saved replies answer to it, and what was left to fill in.

import { fold, wordsIn } from "../seeking.js"

/** @import { SavedReply } from "../types.js" */
/** @typedef {{from: number, words: string}} Asked from where in the text, and what for */

const ENOUGH = 3
const LEFT = /\{\{\s*(?:contact|company|ticket|agent|inbox)\.[^{}\n]*\}\}/

/** @param {string} text @param {number} caret @returns {Asked | null} */
export function askedAt(text, caret) {
  const from = text.lastIndexOf("\n", caret - 1) + 1
  return text[from] === "/" && caret > from ? { from, words: text.slice(from + 1, caret) } : null
}

/** Whether it can still be what is sought: a path or half a sentence is what the agent writes. @param {string} words */
export function isShort(words) {
  return words.length <= 20 && !words.includes("/")
}

/**
 * Names that begin with the words come first, then names that hold them, then texts with words that begin so.
 * One or two letters stand in nearly every text: they ask for beginnings of words of a name alone.
 * @param {SavedReply[]} replies @param {string} words
 */
export function answering(replies, words) {
  const sought = wordsIn(words)
  const place = (/** @type {SavedReply} */ reply) => {
    const [name, text] = [fold(reply.name), fold(reply.body)]
    const inName = (/** @type {string} */ word) => begins(name, word) || word.length >= ENOUGH && name.includes(word)
    if (sought.every(inName)) return name.startsWith(sought[0] ?? "") ? 0 : 1
    return sought.every(word => inName(word) || word.length >= ENOUGH && begins(text, word)) ? 2 : 3
  }
  return replies.map(reply => ({ reply, place: place(reply) })).filter(one => one.place < 3).sort((a, b) => a.place - b.place).map(one => one.reply)
}

/** Whether a word of the text begins so; both are folded. @param {string} text @param {string} letters */
function begins(text, letters) {
  for (let at = text.indexOf(letters); at >= 0; at = text.indexOf(letters, at + 1)) {
    if (!at || !/[\p{L}\p{N}]/u.test(text[at - 1])) return true
  }
  return false
}

/** A placeholder that nothing was known for and nobody has written over. @param {string} text */
export function leftToFill(text) {
  const found = LEFT.exec(text)
  return found ? { mark: found[0], from: found.index, to: found.index + found[0].length } : null
}
