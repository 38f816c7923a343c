// The server's time on this machine: one offset, one tick a second for everything that counts down.

import { signal } from "../../vendor/ui.js"

let offset = 0
const lateAfter = 10_000

/** Changes once a second; read it to be drawn again. */
export const tick = signal(Date.now())

/** @param {string | null | undefined} serverNow ISO 8601, as the server just said it */
export function setServerTime(serverNow) {
  if (!serverNow) return
  const measured = Date.parse(serverNow) - Date.now()
  if (Math.abs(measured - offset) > 1500) offset = measured // smaller ones are the network's doing
  tick.value = now()
}

export function now() {
  return Date.now() + offset
}

/** @param {() => void} woke the machine has slept: a second took far longer than a second */
export function startTicking(woke) {
  let last = Date.now()
  return setInterval(() => {
    const moment = Date.now()
    if (moment - last > lateAfter) woke()
    last = moment
    if (!document.hidden) tick.value = now()
  }, 1000)
}
