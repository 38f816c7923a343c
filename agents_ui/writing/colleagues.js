// Whether a colleague has answered since one began to write: two answers to one question help nobody.

/** @import { Item, Said } from "../ticket/timeline.js" */
/** @import { HeldReply } from "../types.js" */
/** @typedef {{at: number, seen: Set<string>}} Started when writing began, and which answers were there by then */

/** An answer that is held back and leaves later is the same answer. @param {Item[]} items @param {HeldReply[]} held */
export function seenSoFar(items, held) {
  return new Set([...items.filter(isAnswer).map(keyOfSaid), ...held.map(keyOfHeld)])
}

/** Names of colleagues, the latest last. @param {Item[]} items @param {HeldReply[]} held @param {Started} started @param {string} me @returns {string[]} */
export function answersMeanwhile(items, held, { at, seen }, me) {
  const left = items.filter(isAnswer).filter(item => item.author.id !== me && Date.parse(item.at) > at && !seen.has(keyOfSaid(item)))
  const leaving = held.filter(one => one.agent.id !== me && one.mail.way !== "forward" && !seen.has(keyOfHeld(one)))
  return [...left.map(item => item.author.name ?? ""), ...leaving.map(one => one.agent.name)]
}

/** @param {Item} item @returns {item is Said} */
function isAnswer(item) {
  return item.kind === "message" && item.ours && item.author.kind !== "system"
}

/** @param {Said} item */
function keyOfSaid(item) {
  return `${item.author.id} ${item.body.trim()}`
}

/** @param {HeldReply} held */
function keyOfHeld(held) {
  return `${held.agent.id} ${held.body.trim()}`
}
