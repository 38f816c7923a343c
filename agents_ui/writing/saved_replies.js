// Saved replies while writing: `/` at the beginning of a line, some letters, Enter; or the button and its key.

import { html, useLayoutEffect, useRef, useState } from "../../vendor/ui.js"
import { takesWork } from "../availability.js"
import { Icon, Keys } from "../icons.js"
import { get } from "../server/http.js"
import { plural, t } from "../translation.js"
import { answering, askedAt, isShort, leftToFill } from "./slash.js"

/** @import { After, SavedReply } from "../types.js" */
/** @import { Asked } from "./slash.js" */

const FRESH = 30_000
const SNIPPET = 90
const LIST = "saved-replies"

/**
 * @param {string} ticket
 * @param {{current: HTMLTextAreaElement | null}} field
 * @param {(text: string) => void} setBody for what the browser does not tell of
 * @param {(reply: SavedReply) => void} inserted
 */
export function useSavedReplies(ticket, field, setBody, inserted) {
  const [replies, setReplies] = useState(/** @type {SavedReply[] | null} */ (null))
  const [asked, ask] = useState(/** @type {(Asked & {byButton?: boolean}) | null} */ (null))
  const [at, setAt] = useState(0)
  const loadedAt = useRef(0)
  const dismissed = useRef(-1)
  const load = () => {
    if (performance.now() - loadedAt.current < FRESH && loadedAt.current) return
    loadedAt.current = performance.now()
    get(`/api/v1/tickets/${ticket}/saved_replies`).then(found => setReplies(found.items), () => { loadedAt.current = 0 })
  }
  const found = asked && replies ? answering(replies, asked.words) : []
  const isOpen = Boolean(asked && (found.length || asked.byButton || replies && isShort(asked.words)))
  const here = Math.min(at, found.length - 1)

  const look = () => {
    const area = field.current
    if (!area) return
    const caret = area.selectionEnd // what was taken back is selected
    if (asked?.byButton) {
      const words = area.value.slice(asked.from, caret)
      return ask(caret < asked.from || words.includes("\n") ? null : { ...asked, words })
    }
    const now = askedAt(area.value, caret)
    if (!now) dismissed.current = -1
    if (now) load()
    if (now?.words !== asked?.words) setAt(0)
    ask(now && now.from !== dismissed.current ? now : null)
  }
  const put = (/** @type {SavedReply} */ reply) => {
    const area = field.current
    if (!area || !asked) return
    replace(area, asked.from, area.selectionEnd, reply.body)
    setBody(area.value)
    ask(null)
    inserted(reply)
    const left = leftToFill(reply.body)
    if (left) area.setSelectionRange(asked.from + left.from, asked.from + left.to)
  }
  const close = () => {
    if (asked?.byButton && field.current) {
      replace(field.current, asked.from, field.current.selectionEnd, "")
      setBody(field.current.value)
    }
    if (asked && !asked.byButton) dismissed.current = asked.from
    ask(null)
  }
  /** Whether the key was meant for the list. @param {KeyboardEvent} event */
  const onKey = event => {
    if (!isOpen || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return false
    const step = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1 })[event.key]
    if (step && found.length) setAt((here + step + found.length) % found.length)
    else if (event.key === "Escape") close()
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && found[here]) put(found[here])
    else return false
    event.preventDefault()
    return true
  }
  const open = () => {
    const area = field.current
    if (!area) return
    load()
    setAt(0)
    ask({ from: area.selectionStart, words: "", byButton: true })
  }
  return {
    load, look, onKey, open,
    leave: (/** @type {FocusEvent} */ event) => { if (!(event.relatedTarget instanceof Element && event.relatedTarget.closest(".saved-replies"))) ask(null) },
    attributes: isOpen ? { "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-controls": LIST, "aria-activedescendant": here >= 0 ? `${LIST}-${here}` : undefined } : {},
    list: isOpen && html`<${List} found=${found} isLoaded=${replies !== null} isEmpty=${replies?.length === 0} words=${asked?.words.trim() ?? ""} here=${here} setAt=${setAt} put=${put} leave=${() => ask(null)} />`,
  }
}

/** @param {{found: SavedReply[], isLoaded: boolean, isEmpty: boolean, words: string, here: number, setAt: (at: number) => void, put: (reply: SavedReply) => void, leave: () => void}} props */
function List({ found, isLoaded, isEmpty, words, here, setAt, put, leave }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null))
  useLayoutEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }), [here])
  const shown = found[here]
  return html`<div class="saved-replies" onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()}>
    <div class="saved-list" role="listbox" id=${LIST} aria-label=${t("Saved replies")} ref=${list}>${found.map((reply, index) => html`
      <div class="option" role="option" key=${reply.id} id=${`${LIST}-${index}`} aria-selected=${index === here} onPointerMove=${() => setAt(index)} onClick=${() => put(reply)}>
        <span class="option-label">${reply.name}</span><span class="saved-snippet">${reply.body.replace(/\s+/g, " ").slice(0, SNIPPET)}</span></div>`)}</div>
    ${!found.length && html`<p class="saved-none" role="status"><${Icon} name=${isEmpty ? "sticky-note" : isLoaded ? "search" : "clock"} />${isEmpty ? t("Nothing is saved yet: what do you say again and again?") : isLoaded ? t("No saved reply is called “{words}” or says it", { words }) : t("Loading")}</p>`}
    ${shown && html`<div class="saved-preview" aria-hidden="true">${shown.body}${(shown.tags.length > 0 || shown.resolves) && html`<p class="chips wrap">${shown.tags.map(tag => html`<span class="chip" key=${tag}><${Icon} name="tag" />${tag}</span>`)}${shown.resolves && html`<span class="chip"><${Icon} name="check" />${t("Resolve")}</span>`}</p>`}</div>`}
    <div class="saved-foot"><span class="visually-hidden" role="status">${found.length > 0 && plural("{n} saved reply", "{n} saved replies", found.length)}</span>
      ${shown && html`<span><${Keys} keys="↵" /> ${t("Insert")}</span>`}<span class="saved-escape"><${Keys} keys="Esc" /> ${t("Close")}</span>
      ${takesWork && html`<a href="/admin/replies" target="_blank" rel="noopener" onBlur=${leave}>${t("Saved replies")}<${Icon} name="external-link" /></a>`}</div></div>`
}

/** As if typed, so that the browser's own undo takes it back. @param {HTMLTextAreaElement} area @param {number} from @param {number} to @param {string} text */
function replace(area, from, to, text) {
  area.focus()
  area.setSelectionRange(from, to)
  const typed = text ? document.execCommand("insertText", false, text) : from === to || document.execCommand("delete")
  if (!typed) area.setRangeText(text, from, to, "end")
}

/** @param {{left: ReturnType<typeof leftToFill>, asks: boolean, after: After | null | undefined, change: (after: After | null) => void}} props */
export function BeforeSending({ left, asks, after, change }) {
  return html`${after && html`<${WhenSent} after=${after} change=${change} />`}
    ${left && html`<p class="composer-meanwhile" role="alert"><${Icon} name="triangle-alert" /><span>${t("{placeholder} is not filled in: nothing is known for it.", { placeholder: left.mark })} ${asks && t("Send it all the same?")}</span></p>`}`
}

/** To be seen, and taken off. @param {{after: After, change: (after: After | null) => void}} props */
function WhenSent({ after: { tags, resolves }, change }) {
  const keep = (/** @type {string[]} */ kept, /** @type {boolean} */ done) => change(kept.length || done ? { tags: kept, resolves: done } : null)
  return html`<p class="when-sent"><span>${t("When it is sent:")}</span>
    ${tags.map(tag => html`<span class="chip" key=${tag}><${Icon} name="tag" />${tag}<button type="button" class="chip-x" aria-label=${t("Without the tag {name}", { name: tag })} onClick=${() => keep(tags.filter(one => one !== tag), resolves)}><${Icon} name="x" /></button></span>`)}
    ${resolves && html`<span class="chip"><${Icon} name="check" />${t("Resolve")}<button type="button" class="chip-x" aria-label=${t("Without resolving it")} onClick=${() => keep(tags, false)}><${Icon} name="x" /></button></span>`}</p>`
}
