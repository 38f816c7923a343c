// One dialog for every choice: the palette, people, times, priorities. Type to narrow, arrows to move, Enter to take.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../../vendor/ui.js"
import { Icon, Keys } from "../icons.js"
import { takeTypedAhead } from "../notices_store.js"
import { fold, wordsIn } from "../seeking.js"
import { t } from "../translation.js"

/** @import { Option, Question } from "../notices_store.js" */

const MOST = 60

/** @param {Question & {answer: (id: string | null) => void}} props */
export function Picker({ title, placeholder, begun = "", options, more, typed, extra, unchosen, answer }) {
  const [text, setText] = useState(() => takeTypedAhead() || begun)
  const [found, setFound] = useState(/** @type {Option[]} */ ([]))
  const [at, setAt] = useState(unchosen && !text ? -1 : 0)
  const list = useRef(/** @type {HTMLElement | null} */ (null))
  const field = useRef(/** @type {HTMLInputElement | null} */ (null))
  useLayoutEffect(() => { if (begun && text === begun) field.current?.select() }, [])

  useEffect(() => {
    if (!more || text.trim().length < 2) return setFound([])
    let current = true
    const timer = setTimeout(() => more(text.trim()).then(results => { if (current) setFound(results) }), 200)
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [text])
  const shown = useMemo(() => narrowed(options, found, text, typed), [options, found, text])
  const here = Math.min(at, shown.length - 1)
  useLayoutEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }), [here])

  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const step = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1 })[event.key]
    if (step) setAt((Math.max(here, step < 0 ? 0 : -1) + step + shown.length) % Math.max(1, shown.length))
    else if (event.key === "Enter" && !event.isComposing && shown[here]) answer(shown[here].id)
    else {
      const direct = !text && options.find(option => option.key && !option.id.startsWith("do ") && option.key === event.key)
      if (!direct) return
      answer(direct.id)
    }
    event.preventDefault()
  }
  const onInput = (/** @type {Event} */ event) => {
    const { value } = /** @type {HTMLInputElement} */ (event.target)
    setText(value)
    setAt(unchosen && !value.trim() ? -1 : 0)
  }
  const grouped = options.some(option => option.group) // the groups' headings say what this is
  return html`<div class="picker">
    <h2 class="visually-hidden">${title}</h2>
    <div class="picker-field"><${Icon} name=${typed && !options.length ? "pencil" : "search"} />
      <input type="text" role="combobox" ref=${field} aria-expanded="true" aria-controls="picker-list" aria-autocomplete="list" aria-label=${title}
        aria-activedescendant=${here >= 0 ? `option-${here}` : undefined} placeholder=${placeholder ?? title} value=${text} autocomplete="off" spellcheck=${false}
        onInput=${onInput} onKeyDown=${onKeyDown} />
      <button type="button" class="button quiet icon-only tiny" onClick=${() => answer(null)} aria-label=${t("Close")}><${Icon} name="x" /></button></div>
    ${!grouped && html`<p class="picker-title" aria-hidden="true">${title}</p>`}
    <div class="picker-list" id="picker-list" role="listbox" aria-label=${title} ref=${list}>
      ${shown.map((option, index) => html`
        ${option.group && option.group !== shown[index - 1]?.group && html`<p class="picker-group" role="presentation" key=${`group ${option.group}`}>${option.group}</p>`}
        <div class="option" role="option" key=${option.id} id=${`option-${index}`} aria-selected=${index === here} data-chosen=${option.chosen}
          onPointerMove=${() => setAt(index)} onClick=${() => answer(option.id)}>
          ${option.icon && html`<${Icon} name=${option.icon} />`}<span class="option-label">${option.label}</span>
          ${option.hint && html`<span class="option-hint">${option.hint}</span>`}
          ${option.chosen && html`<${Icon} name="check" label=${t("chosen")} />`}${option.key && html`<${Keys} keys=${option.key} />`}</div>`)}
      ${shown.length === 0 && (options.length > 0 || more) && html`<p class="picker-none" role="status">${t("Nothing found")}</p>`}
    </div>
    ${extra && html`<${OtherTime} answer=${answer} />`}
  </div>`
}

/** @param {{answer: (id: string) => void}} props */
function OtherTime({ answer }) {
  const [value, setValue] = useState("")
  return html`<form class="picker-extra" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); if (value) answer(new Date(value).toISOString()) }}>
    <label>${t("Another time")} <input type="datetime-local" value=${value} onInput=${(/** @type {Event} */ event) => setValue(/** @type {HTMLInputElement} */ (event.target).value)} /></label>
    <button type="submit" class="button" disabled=${!value}>${t("Set")}</button></form>`
}

/** @param {Option[]} options @param {Option[]} found @param {string} text @param {Question["typed"]} typed */
function narrowed(options, found, text, typed) {
  const words = wordsIn(text)
  const matching = options.filter(option => {
    const hay = fold(`${option.label} ${option.hint ?? ""}`)
    return words.every(word => hay.includes(word)) && !(option.untyped && words.length)
  })
  const known = new Set(matching.map(option => option.id))
  const all = [...matching.slice(0, MOST), ...found.filter(option => !known.has(option.id))]
  const own = text.trim() && !options.some(option => fold(option.label) === fold(text.trim())) ? typed?.(text.trim()) : null
  return own ? [...all, own] : all
}
