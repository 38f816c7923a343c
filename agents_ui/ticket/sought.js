// The message somebody looked for: earlier ones are loaded until it is here, then it stands in the middle.

import { useEffect, useRef } from "../../vendor/ui.js"
import { route } from "../route.js"

/** @import { TicketStore } from "./ticket_store.js" */

/** What the reader does themselves takes the thread out of our hands. */
const THEIRS = ["wheel", "touchmove", "pointerdown", "keydown"]

/**
 * @param {TicketStore} store
 * @param {{current: HTMLElement | null}} box what scrolls
 * @param {{current: boolean}} atEnd whether it stays at its end
 * @returns {string | null} the message's id
 */
export function useSought(store, box, atEnd) {
  const sought = route.value.ticket === store.id ? route.value.message ?? null : null
  const isLeft = useRef(/** @type {string | null} */ (null)) // the one the reader has moved away from
  const items = store.items.value

  useEffect(() => {
    const element = box.current
    if (!sought || !element) return
    const leave = () => { isLeft.current = sought }
    const show = () => {
      const message = element.querySelector(`[data-message="${CSS.escape(sought)}"]`)
      if (!message || isLeft.current === sought) return
      atEnd.current = false
      message.scrollIntoView({ block: "center" })
    }
    if (items.some(item => item.id === sought)) show()
    else if (store.first.value > 1) store.loadEarlier()
    const watch = new ResizeObserver(show) // mails and pictures above it grow when they are loaded
    if (element.firstElementChild) watch.observe(element.firstElementChild)
    for (const name of THEIRS) element.addEventListener(name, leave, { passive: true })
    return () => {
      watch.disconnect()
      for (const name of THEIRS) element.removeEventListener(name, leave)
    }
  }, [store.id, sought, items])
  useEffect(() => { isLeft.current = null }, [sought])
  return sought
}
