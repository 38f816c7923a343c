// A sound and a notice on the desktop for whoever looks elsewhere: a chat that waits, an answer, an alert.

import { chime } from "../widget/sound.js"
import { inWords } from "./alert_words.js"
import { isAway } from "./availability.js"
import { callOf } from "./queue/calling.js"
import { go } from "./route.js"
import { remember, remembered } from "./server/storage.js"
import { me, queue } from "./stores.js"
import { t } from "./translation.js"

/** @import { Alert, QueueRow } from "./types.js" */
/** @import { Call } from "./queue/calling.js" */

const SETTING = "helpdesk.attention"
const IN_SIGHT = "helpdesk.in_sight"
const ONCE_IN = 3000

/** Heard until it is switched off; seen once the browser has been asked. */
export const attention = {
  get sound() { return remembered(SETTING)?.sound !== false },
  get notices() { return Boolean(remembered(SETTING)?.notices) && mayNotify() },
  /** @param {{sound?: boolean, notices?: boolean}} wish */
  choose(wish) { remember(SETTING, { ...remembered(SETTING), ...wish }) },
}

export function mayNotify() {
  return "Notification" in globalThis && Notification.permission === "granted"
}

/** Asked by a press of the agent's own, as browsers want it. */
export async function askToNotify() {
  if (!("Notification" in globalThis)) return false
  return (await Notification.requestPermission()) === "granted"
}

export function tryAttention() {
  if (attention.sound) chime()
  if (attention.notices) notice("helpdesk.try", t("This is how a notice looks"), "")
}

/** Before the rows are taken in. @param {{ticket: string, row: QueueRow | null}[]} changes */
export function heedRows(changes) {
  const reader = { me: me.id, isAway: isAway(), outOfReach: queue.outOfReach.peek() }
  for (const { ticket, row } of changes) {
    const call = callOf(queue.row(ticket), row, reader)
    if (call && row) tell(`${ticket} ${call} ${row.last_message_at}`, wordsOf(call, row), bodyOf(row), () => go({ ticket }))
  }
}

/** @param {Alert[]} before @param {Alert[]} after */
export function heedAlerts(before, after) {
  const known = new Set(before.map(one => one.id))
  for (const alert of after.filter(one => !known.has(one.id))) {
    const id = alert.ticket?.id
    tell(alert.id, t("Alert: {reason}", { reason: inWords(alert.reason) }), alert.ticket?.subject ?? "", () => { if (id) go({ ticket: id }) })
  }
}

/** For as long as one window is looked at, the others keep still. */
export function watchSight() {
  let letGo = () => {}
  const look = () => {
    letGo()
    if (!isLookedAt()) return
    navigator.locks?.request(IN_SIGHT, { mode: "shared" }, () => new Promise(done => { letGo = () => done(undefined) }))
  }
  for (const name of ["focus", "blur"]) addEventListener(name, look)
  document.addEventListener("visibilitychange", look)
  look()
}

/** @param {Call} call @param {QueueRow} row */
function wordsOf(call, row) {
  const name = row.contact.name || row.contact.email || row.contact.phone || t("Visitor")
  if (call === "chat") return t("{name} waits in the chat", { name })
  return call === "given" ? t("#{number} is yours now", { number: row.number }) : t("{name} wrote", { name })
}

/** @param {QueueRow} row */
function bodyOf({ subject, preview }) {
  return preview.trim() === subject.trim() ? subject : `${subject}\n${preview}`
}

/** By one window, once. @param {string} key @param {string} title @param {string} body @param {() => void} open */
async function tell(key, title, body, open) {
  if (isLookedAt() || (await navigator.locks?.query())?.held?.some(lock => lock.name === IN_SIGHT)) return
  const now = () => {
    if (attention.sound) chime()
    if (attention.notices) notice(key.split(" ")[0], title, body, open) // a newer one of a ticket takes the older one's place
  }
  if (!navigator.locks) return now()
  navigator.locks.request(`${SETTING} ${key}`, { ifAvailable: true }, lock => {
    if (lock) now()
    return lock && new Promise(done => setTimeout(done, ONCE_IN))
  })
}

/** @param {string} tag @param {string} title @param {string} body @param {() => void} [open] */
function notice(tag, title, body, open) {
  try {
    const shown = new Notification(title, { body, tag, silent: true })
    shown.onclick = () => {
      window.focus()
      open?.()
      shown.close()
    }
  } catch { /* a phone's browser shows none: who is on call is rung by push */ }
}

function isLookedAt() {
  return !document.hidden && document.hasFocus()
}
