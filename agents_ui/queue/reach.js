// What "Next" passes over, and why: the server judges each pool for the reader, a row only says which pool is its.

import { t } from "../translation.js"

/** @import { OutOfReach, QueueRow } from "../types.js" */

const LANGUAGE = "language:"

/**
 * What to say about a row that waits and that the reader would not be given; null for every other row.
 * @param {QueueRow} row
 * @param {Record<string, OutOfReach>} outOfReach by pool
 * @returns {{icon: string, short: string, why: string} | null}
 */
export function reachOf(row, outOfReach) {
  const told = row.status === "open" && !row.assignee && row.pool_id ? outOfReach[row.pool_id] : null
  if (!told) return null
  const names = told.skills.map(nameOf).join(", ")
  switch (told.reason) {
    case "team": return { icon: "users", short: row.team?.name ?? t("Other team"), why: t("Next does not give you this: it is another team's.") }
    case "skill": return { icon: "lock", short: names, why: t("Next does not give you this: it asks for {names}, which you do not have.", { names }) }
    case "language": return { icon: "globe", short: names, why: t("Next does not give you this: somebody who speaks {names} is here.", { names }) }
    case "room": return { icon: "hourglass", short: t("No room"), why: t("Next does not give you this now: it does not fit on what you carry.") }
  }
}

/** @param {string} skill */
function nameOf(skill) {
  if (!skill.startsWith(LANGUAGE)) return skill
  const code = skill.slice(LANGUAGE.length)
  try {
    return new Intl.DisplayNames([globalThis.document?.documentElement.lang || "en"], { type: "language" }).of(code) ?? code
  } catch {
    return code
  }
}
