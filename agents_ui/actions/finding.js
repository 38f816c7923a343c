// What a dialog finds elsewhere while one types: asked for after a pause, page by page, the newest question alone.

import { useEffect, useRef, useState } from "../../vendor/ui.js"
import { t } from "../translation.js"

/** @import { Option, Question } from "../notices_store.js" */

const PAUSE = 200
const SHORTEST = 2

/** The id of the choice that brings the next page. */
export const MORE = "more results"

/** @param {string} text @param {Question["more"]} more @returns {{found: Option[], state: "idle" | "asking" | "failed", showMore: () => void}} */
export function useFound(text, more) {
  const [options, setOptions] = useState(/** @type {Option[]} */ ([]))
  const [next, setNext] = useState(/** @type {string | null} */ (null))
  const [state, setState] = useState(/** @type {"idle" | "asking" | "failed"} */ ("idle"))
  const asked = useRef("")
  const sought = text.trim()

  const ask = async (/** @type {string | null} */ after) => {
    setState("asking")
    try {
      const page = await more?.(sought, after)
      if (asked.current !== sought || !page) return
      setOptions(after ? [...options, ...page.options] : page.options)
      setNext(page.next)
      setState("idle")
    } catch {
      if (asked.current === sought) setState("failed")
    }
  }
  useEffect(() => {
    asked.current = sought
    if (!more || sought.length < SHORTEST) {
      setOptions([])
      setNext(null)
      return setState("idle")
    }
    setState("asking")
    const timer = setTimeout(() => ask(null), PAUSE)
    return () => clearTimeout(timer)
  }, [sought])
  const group = options[options.length - 1]?.group
  const following = { id: MORE, label: t("More results"), icon: "arrow-down", group }
  return { found: next ? [...options, following] : options, state, showMore: () => { if (state !== "asking") ask(next) } }
}
