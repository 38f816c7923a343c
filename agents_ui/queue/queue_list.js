// The middle pane: the queue as a listbox, drawing only the rows in sight, its order still while it is pointed at.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/ui.js"
import { action, hands, openActive, openPalette } from "../actions/actions.js"
import { channelName, priorityName } from "../naming.js"
import { countdown } from "../countdown.js"
import { Avatar, channelIcon, CTRL, Icon, Keys } from "../icons.js"
import { VIEW_LIST } from "../nav.js"
import { route } from "../route.js"
import { tick } from "../server/server_time.js"
import { plural, shortTime, t } from "../translation.js"
import { belongs } from "./queue_order.js"
import { reachOf } from "./reach.js"
import { sentence } from "./why.js"
import { active, current, me, neighbour, queue } from "../stores.js"
import { loadMore, loadView } from "../workspace.js"

/** @import { QueueRow } from "../types.js" */

const ROW = 80 // px, as in workspace.css
const BEYOND = 6

/** The keyboard was in the list when its rows went away to be loaded; it goes back to the next ones. */
let wantsFocus = false

/** @param {{openNav: () => void}} props */
export function QueueList({ openNav }) {
  const { ids, fresh, moved } = queue.list.value
  const { view, channel } = route.value
  const label = channel ? channelLabel(channel) : VIEW_LIST.find(one => one.view === view)?.label() ?? ""
  const first = queue.loading.value && !ids.length
  return html`<section class="list-pane" aria-label=${t("Tickets")}>
    <header class="pane-head">
      <button type="button" class="button quiet icon-only nav-open" onClick=${openNav} aria-label=${t("Menu")} aria-controls="nav"><${Icon} name="menu" /></button>
      <h1 class="pane-title">${label}</h1>
      <button type="button" class="button icon-only" onClick=${openPalette} aria-label=${t("Search and commands")} title=${`${t("Search and commands")} · ${CTRL} K`}><${Icon} name="search" /></button>
      <button type="button" class="button primary" onClick=${action("next").run} title=${t("Take the next")}>${t("Next")}<${Keys} keys=${action("next").key} /></button>
    </header>
    ${first ? html`<${Skeleton} />` : ids.length ? html`<${Rows} ids=${ids} fresh=${fresh} moved=${moved} label=${label} />` : html`<${Empty} />`}
  </section>`
}

/** @param {{ids: string[], fresh: number, moved: boolean, label: string}} props */
function Rows({ ids, fresh, moved, label }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null))
  const [seen, setSeen] = useState({ top: 0, height: 800 })
  const activeId = active.value
  const at = activeId ? ids.indexOf(activeId) : -1

  useLayoutEffect(() => {
    const element = /** @type {HTMLElement} */ (box.current)
    const watch = new ResizeObserver(() => setSeen({ top: element.scrollTop, height: element.clientHeight }))
    watch.observe(element)
    hands.focusList = () => element.focus({ preventScroll: true })
    if (wantsFocus && document.activeElement === document.body) hands.focusList()
    wantsFocus = false
    return () => {
      wantsFocus = document.activeElement === element
      hands.focusList = () => { wantsFocus = true }
      watch.disconnect()
    }
  }, [])
  useLayoutEffect(() => { if (at >= 0 && box.current) intoView(box.current, at) }, [activeId])
  useEffect(() => { if (box.current) box.current.scrollTop = 0 }, [`${queue.view.value} ${queue.channel.value}`])

  const from = Math.max(0, Math.floor(seen.top / ROW) - BEYOND)
  const to = Math.min(ids.length, Math.ceil((seen.top + seen.height) / ROW) + BEYOND)
  const onScroll = () => {
    const element = /** @type {HTMLElement} */ (box.current)
    setSeen({ top: element.scrollTop, height: element.clientHeight })
    if (element.scrollTop > 0) queue.held.value = true
    else if (!element.parentElement?.matches(":hover")) queue.release()
    if (element.scrollTop + element.clientHeight > element.scrollHeight - 20 * ROW) loadMore()
  }
  const release = () => {
    queue.release()
    if (box.current) box.current.scrollTop = 0
  }
  // By keyboard only: under a pressed pointer the list must not scroll away to its first row.
  const onFocus = () => {
    if (!active.value && box.current?.matches(":focus-visible")) active.value = current.value?.id ?? ids[0] ?? null
  }
  const shown = at >= 0 && (at < from || at >= to) ? [...range(from, to), at] : range(from, to)
  return html`<div class="list" onPointerEnter=${() => { queue.held.value = true }} onPointerLeave=${() => { if (!box.current?.scrollTop) queue.release() }}>
    ${moved && html`<button type="button" class="pill" onClick=${release}>
      <${Icon} name=${fresh ? "arrow-up" : "refresh-cw"} />${fresh ? plural("{n} new", "{n} new", fresh) : t("Order changed")}</button>`}
    <div class="rows" role="listbox" tabindex="0" ref=${box} aria-label=${label}
      aria-activedescendant=${at >= 0 ? `row-${activeId}` : undefined}
      onScroll=${onScroll} onKeyDown=${(/** @type {KeyboardEvent} */ event) => onKey(event, ids)}
      onFocus=${onFocus}>
      <div class="rows-space" role="presentation" style=${{ height: `${ids.length * ROW}px` }}>
        ${shown.map(index => html`<${Row} key=${ids[index]} id=${ids[index]} row=${queue.row(ids[index])} index=${index} size=${ids.length}
          isActive=${index === at} isOpen=${ids[index] === current.value?.id} />`)}
      </div>
    </div>
  </div>`
}

/** Drawn again only when its row is another one. @param {{id: string, row: QueueRow | undefined, index: number, size: number, isActive: boolean, isOpen: boolean}} props */
function Row({ id, row, index, size, isActive, isOpen }) {
  const view = queue.view.value
  if (!row) return null
  const gone = !belongs(row, view, me.id, queue.channel.value)
  const name = row.contact.name || row.contact.email || row.contact.phone || t("Visitor")
  return html`<div class="row" role="option" id=${`row-${id}`} aria-selected=${isOpen} aria-setsize=${size} aria-posinset=${index + 1}
    data-active=${isActive} data-unread=${row.unread} data-gone=${gone} style=${{ transform: `translateY(${index * ROW}px)` }}
    title=${sentence(row)} onClick=${() => { active.value = id; openActive(id) }}>
    <${Avatar} name=${name} icon=${channelIcon(row.channel)} />
    <div class="row-text">
      <div class="row-line">
        ${row.unread && html`<span class="unread-dot" role="img" aria-label=${t("Unread")}></span>`}
        <span class="row-name">${name}</span><span class="visually-hidden">, ${channelName(row.channel)}</span>
        <span class="chips">${row.plan && html`<span class="chip plan">${row.plan.name}</span>`}${row.tags.slice(0, 2).map(tag => html`<span class="chip" key=${tag}>${tag}</span>`)}</span>
        <${Ago} at=${row.last_message_at} />
      </div>
      <div class="row-line">
        ${row.priority <= 2 && html`<span class="priority" data-level=${row.priority} title=${priorityName(row.priority)}>P${row.priority}</span>`}
        <span class="row-subject">${row.subject || t("No subject")}</span>
        <span class="row-number">#${row.number}</span>
      </div>
      <div class="row-line">
        <span class="row-preview">${row.preview.trim() === row.subject.trim() ? "" : row.preview}</span>
        ${row.assignee && row.assignee.id !== me.id && html`<span class="row-assignee" title=${row.assignee.name}><${Icon} name="user" />${row.assignee.name.split(" ")[0]}</span>`}
        <${Reach} row=${row} />
        <${Due} row=${row} />
      </div>
    </div>
  </div>`
}

/** Why "Next" passes this row over, for whoever reads it. @param {{row: QueueRow}} props */
function Reach({ row }) {
  const told = reachOf(row, queue.outOfReach.value)
  return told && html`<span class="row-reach" title=${told.why}><${Icon} name=${told.icon} /><span aria-hidden="true">${told.short}</span><span class="visually-hidden">${told.why}</span></span>`
}

/** @param {{at: string | null}} props */
function Ago({ at }) {
  return html`<span class="row-time">${at && shortTime(at, tick.value)}</span>`
}

/** @param {{row: QueueRow}} props */
function Due({ row }) {
  if (row.status === "snoozed" && row.snoozed_until) {
    return html`<span class="due" data-tone="calm"><${Icon} name="alarm-clock" />${shortTime(row.snoozed_until, tick.value)}</span>`
  }
  const left = row.status === "open" ? countdown(row.due_at, tick.value) : null
  if (!left) return null
  const label = left.tone === "late" ? t("late by {time}", { time: left.text.slice(1) }) : t("due in {time}", { time: left.text })
  return html`<span class="due" data-tone=${left.tone} role="img" aria-label=${label}>${left.tone === "late" && html`<${Icon} name="triangle-alert" />`}${left.text}</span>`
}

/** @param {KeyboardEvent} event @param {string[]} ids */
function onKey(event, ids) {
  const steps = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -ids.length, End: ids.length })
  const step = steps[event.key]
  if (step !== undefined) {
    active.value = neighbour(active.value, step)
  } else if (event.key === "Enter" || event.key === " ") {
    openActive()
  } else {
    return
  }
  event.preventDefault()
}

/** @param {HTMLElement} box @param {number} index */
function intoView(box, index) {
  const top = index * ROW
  if (top < box.scrollTop) box.scrollTop = top
  else if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight
}

/** @param {number} from @param {number} to */
function range(from, to) {
  return Array.from({ length: Math.max(0, to - from) }, (_, step) => from + step)
}

function Skeleton() {
  return html`<div class="list" aria-busy="true"><p class="visually-hidden" role="status">${t("Loading")}</p>
    <div class="rows skeletons" aria-hidden="true">${range(0, 12).map(index => html`<div class="row skeleton" key=${index}
      style=${{ transform: `translateY(${index * ROW}px)` }}><span class="avatar bone"></span><div class="row-text"><span class="bone line w40"></span><span class="bone line w70"></span><span class="bone line w55"></span></div></div>`)}</div></div>`
}

function Empty() {
  const { view } = route.value
  if (queue.failed.value) {
    return html`<div class="empty"><${Icon} name="wifi-off" /><h2>${t("The queue could not be loaded")}</h2>
      <p>${t("It is tried again by itself.")}</p><button type="button" class="button" onClick=${loadView}>${t("Try now")}</button></div>`
  }
  const [icon, title, text] = EMPTY[view]()
  const isNew = ["owner", "admin"].includes(me.role) && Object.values(queue.counts.value).every(count => count === 0)
  return html`<div class="empty"><${Icon} name=${icon} /><h2>${title}</h2><p>${text}</p>
    ${view === "queue" && isNew && html`<a class="button" href="/admin"><${Icon} name="settings" />${t("First steps of a new helpdesk")}</a>`}</div>`
}

/** @type {Record<string, () => [string, string, string]>} */
const EMPTY = {
  queue: () => ["smile", t("Nobody is waiting"), t("New chats, mails and calls appear here by themselves, the most urgent first.")],
  mine: () => ["user-check", t("Nothing is yours right now"), t("Press C to take the next ticket from the queue.")],
  open: () => ["circle-check", t("Everything is answered"), t("Open tickets of every agent are listed here.")],
  pending: () => ["hourglass", t("Nobody owes you an answer"), t("Tickets stand here while they wait for the contact.")],
  snoozed: () => ["alarm-clock", t("Nothing is asleep"), t("A snoozed ticket comes back at its time, or when the contact writes.")],
  resolved: () => ["circle-check", t("Nothing resolved yet"), t("What you resolve is kept here.")],
}

/** @param {string} channel */
function channelLabel(channel) {
  return { chat: t("Live chat"), email: t("Email"), phone: t("Phone") }[channel] ?? channel
}
