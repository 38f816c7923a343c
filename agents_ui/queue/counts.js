// How many tickets stand in a view: exact up to where the server stops counting.

import { number } from "../translation.js"

/** A count of so many means that many or more. */
export const COUNTED_TO = 1000

/** @param {number} count */
export function isCapped(count) {
  return count >= COUNTED_TO
}

/** As it is read: 12, and 1,000+ from where nobody counts on. @param {number} count */
export function counted(count) {
  return isCapped(count) ? `${number(COUNTED_TO)}+` : number(count)
}

/** After one has come or gone. Of a thousand or more nobody knows how many are left. @param {number} count @param {1 | -1} step */
export function stepped(count, step) {
  return isCapped(count) ? count : Math.max(0, count + step)
}
