// One dialog for every choice: the palette, people, times, priorities. Type to narrow, arrows to move, Enter to take.

import { html, useLayoutEffect, useMemo, useRef, useState } from "../../vendor/ui.js"
import { Icon, Keys } from "../icons.js"
import { takeTypedAhead } from "../notices_store.js"
import { fold, wordsIn } from "../seeking.js"
import { t } from "../translation.js"
import { MORE, useFound } from "./finding.js"

/** @import { Option, Question } from "../notices_store.js" */
/** @import { Marked } from "../types.js" */

const MOST = 60

/** @param {Question & {answer: (id: string | null) => void}} props */
export function Picker({ title, placeholder, begun = "", options, more, insertable, typed, extra, unchosen, answer }) {
  const [text, setText] = useState(() => takeTypedAhead() || begun)
  const [at, setAt] = useState(unchosen && !text ? -1 : 0)
  const list = useRef(/** @type {HTMLElement | null} */ (null))
  const field = useRef(/** @type {HTMLInputElement | null} */ (null))
  useLayoutEffect(() => { if (begun && text === begun) field.current?.select() }, [])

  const { found, state, showMore } = useFound(text, more)
  const shown = useMemo(() => narrowed(options, found, text, typed), [options, found, text])
  const here = Math.min(at, shown.length - 1)
  useLayoutEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }), [here])

  const take = (/** @type {string} */ id) => (id === MORE ? showMore() : answer(id))
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const step = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1 })[event.key]
    if (step) setAt((Math.max(here, step < 0 ? 0 : -1) + step + shown.length) % Math.max(1, shown.length))
    else if (event.key === "Enter" && !event.isComposing && shown[here]) take(shown[here].id)
    else {
      const direct = !text && options.find(option => option.key && !option.id.startsWith("do ") && option.key === event.key)
      if (!direct) return
      answer(direct.id)
    }
    event.preventDefault()
  }
  const write = (/** @type {string} */ value) => {
    setText(value)
    setAt(unchosen && !value.trim() ? -1 : 0)
  }
  const insert = (/** @type {string} */ operator) => {
    write(`${text.trim()} ${operator}${operator.endsWith(":") ? "" : " "}`.trimStart())
    field.current?.focus()
  }
  const grouped = options.some(option => option.group) // the groups' headings say what this is
  return html`<div class="picker">
    <h2 class="visually-hidden">${title}</h2>
    <div class="picker-field"><${Icon} name=${typed && !options.length ? "pencil" : "search"} />
      <input type="text" role="combobox" ref=${field} aria-expanded="true" aria-controls="picker-list" aria-autocomplete="list" aria-label=${title}
        aria-activedescendant=${here >= 0 ? `option-${here}` : undefined} placeholder=${placeholder ?? title} value=${text} autocomplete="off" spellcheck=${false}
        onInput=${(/** @type {Event} */ event) => write(/** @type {HTMLInputElement} */ (event.target).value)} onKeyDown=${onKeyDown} />
      <button type="button" class="button quiet icon-only tiny" onClick=${() => answer(null)} aria-label=${t("Close")}><${Icon} name="x" /></button></div>
    ${insertable && html`<div class="picker-operators" role="group" aria-label=${t("Narrow the search")}>
      ${insertable.map(one => html`<button type="button" class="chip" key=${one} onClick=${() => insert(one)}>${one}</button>`)}</div>`}
    ${!grouped && html`<p class="picker-title" aria-hidden="true">${title}</p>`}
    <div class="picker-list" id="picker-list" role="listbox" aria-label=${title} ref=${list}>
      ${shown.map((option, index) => html`
        ${option.group && option.group !== shown[index - 1]?.group && html`<p class="picker-group" role="presentation" key=${`group ${option.group}`}>${option.group}</p>`}
        <${Choice} key=${option.id} option=${option} id=${`option-${index}`} selected=${index === here} point=${() => setAt(index)} take=${() => take(option.id)} />`)}
    </div>
    ${(options.length > 0 || more) && html`<${Standing} state=${state} none=${!shown.length} sought=${Boolean(insertable)} />`}
    ${extra && html`<${OtherTime} answer=${answer} />`}
  </div>`
}

/** @param {{option: Option, id: string, selected: boolean, point: () => void, take: () => void}} props */
function Choice({ option, id, selected, point, take }) {
  const { line } = option
  return html`<div class="option" role="option" id=${id} aria-selected=${selected} data-chosen=${option.chosen} onPointerMove=${point} onClick=${take}>
    ${option.icon && html`<${Icon} name=${option.icon} />`}<span class="option-label">${option.parts ? marked(option.parts) : option.label}</span>
    ${option.hint && html`<span class="option-hint">${option.hint}</span>`}
    ${option.chosen && html`<${Icon} name="check" label=${t("chosen")} />`}${option.key && html`<${Keys} keys=${option.key} />`}
    ${line && html`<span class="option-line"><${Icon} name=${line.icon} label=${line.kind || undefined} /><span class="option-lead">${line.lead}</span> ${marked(line.parts)}</span>`}</div>`
}

/** What stands in the place of results, or says that more is on its way. @param {{state: "idle" | "asking" | "failed", none: boolean, sought: boolean}} props */
function Standing({ state, none, sought }) {
  const words = state === "failed" ? t("The search did not get through. Type on to try again.") : !none ? "" : state === "asking" ? t("Searching…") : t("Nothing found")
  return html`<div class="picker-none" role="status" data-empty=${!words}>${words && html`<p>${words}</p>`}
    ${none && sought && state === "idle" && html`<p class="picker-advice">${t("A word is found by its beginning, in messages, notes, subjects and names. Fewer words find more.")}</p>`}</div>`
}

/** @param {Marked} parts */
function marked(parts) {
  return parts.map(([piece, sought]) => (sought ? html`<mark>${piece}</mark>` : piece))
}

/** @param {{answer: (id: string) => void}} props */
function OtherTime({ answer }) {
  const [value, setValue] = useState("")
  return html`<form class="picker-extra" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); if (value) answer(new Date(value).toISOString()) }}>
    <label>${t("Another time")} <input type="datetime-local" value=${value} onInput=${(/** @type {Event} */ event) => setValue(/** @type {HTMLInputElement} */ (event.target).value)} /></label>
    <button type="submit" class="button" disabled=${!value}>${t("Set")}</button></form>`
}

/** What was found says more of a ticket than the list does. @param {Option[]} options @param {Option[]} found @param {string} text @param {Question["typed"]} typed */
function narrowed(options, found, text, typed) {
  const words = wordsIn(text)
  const about = new Set(found.map(subject))
  const matching = options.filter(option => {
    const hay = fold(`${option.label} ${option.hint ?? ""}`)
    return words.every(word => hay.includes(word)) && !(option.untyped && words.length) && !about.has(subject(option))
  })
  const all = [...matching.slice(0, MOST), ...found]
  const own = text.trim() && !options.some(option => fold(option.label) === fold(text.trim())) ? typed?.(text.trim()) : null
  return own ? [...all, own] : all
}

/** Of a ticket its own id, whichever of its messages was found. @param {Option} option */
function subject(option) {
  return option.id.split(" ", 2).join(" ")
}
