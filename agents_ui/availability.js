// Whether new work may come to me, by my own word, and how much everybody carries.

import { get, request } from "./server/http.js"
import { toast } from "./notices_store.js"
import { reasonOf } from "./actions/changes.js"
import { desks, me } from "./stores.js"
import { t } from "./translation.js"

/** @import { Desk } from "./types.js" */

/** Light agents take no tickets. */
export const takesWork = me.role !== "light"

export async function loadDesks() {
  const found = await get("/api/v1/availability").catch(() => null)
  if (found) desks.value = found.items
}

/** @param {string} [id] @returns {Desk | undefined} */
export function deskOf(id = me.id) {
  return desks.value.find(desk => desk.agent.id === id)
}

export function isAway() {
  return deskOf()?.state === "away"
}

/** Shown at once, taken back when the server refuses. It holds until it is said otherwise. */
export async function comeOrGo() {
  const before = desks.peek()
  const state = isAway() ? "online" : "away"
  desks.value = before.map(desk => desk.agent.id === me.id ? { ...desk, state } : desk)
  try {
    await request("PUT", "/api/v1/availability", { state })
  } catch (error) {
    const failed = /** @type {any} */ (error)
    desks.value = before
    toast(t("Not changed: {reason}", { reason: reasonOf(failed.status ? failed.code : "offline", failed.message) }), { tone: "danger" })
  }
  loadDesks()
}

/** How a colleague stands, for whoever thinks of handing them work. @param {Desk | undefined} desk */
export function standing(desk) {
  if (!desk) return ""
  const state = { online: t("online"), away: t("away"), offline: t("offline") }[desk.state] ?? ""
  return `${state} · ${t("carries {load} of {capacity}", { load: desk.load, capacity: desk.capacity })}`
}
