// By whose clock the agent is told the time: as the server's own sentences and the rota do.

import { request } from "./server/http.js"
import { me } from "./stores.js"
import { useTimeZone } from "./translation.js"

/** The zone of agents who never told theirs; whoever means it has `Etc/UTC`. */
const UNHEARD = "UTC"

/** The agent's own zone; of one who never told it, that of the machine they sit at, told to the server too. */
export function adoptTimeZone() {
  const here = new Intl.DateTimeFormat().resolvedOptions().timeZone
  if (me.time_zone === UNHEARD && here && here !== UNHEARD) chooseTimeZone(here).catch(() => {})
  useTimeZone(me.time_zone)
}

/** @param {string} name */
export async function chooseTimeZone(name) {
  me.time_zone = name
  await request("PATCH", "/api/v1/me", { time_zone: name })
  useTimeZone(name)
}

/** Every zone there is, the agent's own and UTC among them. @returns {string[]} */
export function timeZones() {
  return [...new Set([me.time_zone ?? UNHEARD, "Etc/UTC", ...Intl.supportedValuesOf("timeZone")])].sort()
}
