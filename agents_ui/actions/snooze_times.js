// Until when a ticket may sleep: the moments worth offering right now.

import { t } from "../translation.js"

/** Nothing that ends in the night, nothing twice. @param {number} moment @returns {{label: string, at: Date}[]} */
export function snoozeTimes(moment) {
  const today = new Date(moment)
  const later = new Date(moment + 3 * 3_600_000)
  const byDay = later.getHours() >= 8 && later.getHours() < 20
  const morning = (/** @type {number} */ days) => {
    const at = new Date(moment)
    at.setDate(at.getDate() + days)
    at.setHours(9, 0, 0, 0)
    return at
  }
  const toMonday = (8 - today.getDay()) % 7 || 7
  return [
    { label: t("In an hour"), at: new Date(moment + 3_600_000) },
    ...(byDay ? [{ label: t("In 3 hours"), at: later }] : []),
    ...(today.getHours() < 6 ? [{ label: t("This morning"), at: morning(0) }] : []),
    { label: t("Tomorrow morning"), at: morning(1) },
    ...(toMonday > 1 ? [{ label: t("Monday morning"), at: morning(toMonday) }] : []),
    ...(toMonday < 7 ? [{ label: t("In a week"), at: morning(7) }] : []),
  ]
}
