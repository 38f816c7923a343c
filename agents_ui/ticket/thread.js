// The right pane: the open ticket, what was said and what happened, and the place to answer.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/ui.js"
import { action, canRun } from "../actions/actions.js"
import { OwnAlert } from "../alert_lines.js"
import { isOpen } from "../alert_order.js"
import { Composer } from "../writing/composer.js"
import { Details } from "./details.js"
import { HeldReply } from "../writing/held_reply.js"
import { Icon, Keys } from "../icons.js"
import { EntryLine, Message, Unsent } from "./message.js"
import { go, route } from "../route.js"
import { now, tick } from "../server/server_time.js"
import { useSought } from "./sought.js"
import { grouped } from "./timeline.js"
import { dayName, plural, t } from "../translation.js"
import { outbox, outboxRevision } from "../actions/changes.js"
import { me } from "../stores.js"

/** @import { TicketStore } from "./ticket_store.js" */
/** @import { Ticket } from "../types.js" */

const TYPING_LASTS = 6000
const VIEWING_LASTS = 45_000

/** @param {{store: TicketStore}} props */
export function Thread({ store }) {
  const state = store.state.value
  const ticket = store.ticket.value
  const subject = ticket?.subject ?? store.row?.subject
  const number = ticket?.number ?? store.row?.number
  return html`<main class="thread-pane" aria-labelledby="thread-title">
      <header class="pane-head thread-head">
        <button type="button" class="button quiet icon-only back" onClick=${() => go({ ticket: null })} aria-label=${t("Back to the list")}><${Icon} name="chevron-left" /></button>
        <h2 class="pane-title" id="thread-title" tabindex="-1" title=${subject}>${number && html`<span class="number">#${number}</span> `}${subject || (ticket ? t("No subject") : state === "missing" ? t("This ticket is not here") : t("Loading"))}</h2>
        ${ticket && html`<${Actions} ticket=${ticket} />`}
      </header>
      ${ticket?.alerts.filter(isOpen).map(one => html`<${OwnAlert} key=${one.id} alert=${one} />`)}
      ${state === "missing" ? html`<div class="empty"><${Icon} name="eye-off" /><h2>${t("This ticket is not here")}</h2><p>${t("It may have been merged, or it belongs to an inbox you cannot see.")}</p></div>`
        : state === "failed" ? html`<div class="empty"><${Icon} name="wifi-off" /><h2>${t("The ticket could not be loaded")}</h2><p>${t("It is tried again as soon as the connection is back.")}</p><button type="button" class="button" onClick=${() => store.open()}>${t("Try now")}</button></div>`
        : state === "loading" || !ticket ? html`<${Loading} />`
        : html`<${Conversation} store=${store} />
          <${Others} store=${store} />
          <${Composer} key=${ticket.id} store=${store} ticket=${ticket} />`}
    </main>
    ${ticket && html`<${Details} ticket=${ticket} shown=${route.value.details} />`}`
}

/** @param {{ticket: Ticket}} props */
function Actions({ ticket }) {
  const done = ticket.status === "resolved" || ticket.status === "closed"
  const buttons = [action("snooze"), action("assign"), action("priority")].filter(canRun)
  return html`<div class="actions" role="group" aria-label=${t("Actions")}>
    ${buttons.map(one => html`<button type="button" class="button" key=${one.id} onClick=${one.run} aria-keyshortcuts=${one.key}>
      <${Icon} name=${one.icon} />${one.id === "priority"
        ? html`<span class="visually-hidden">${one.label()} </span><span>P${ticket.priority}</span>`
        : html`<span class="button-text">${one.label()}</span>`}<${Keys} keys=${one.key} /></button>`)}
    <button type="button" class="button primary" onClick=${action("resolve").run} aria-keyshortcuts="e">
      <${Icon} name=${done ? "rotate-ccw" : "check"} /><span class="button-text">${done ? t("Open again") : t("Resolve")}</span><${Keys} keys="e" /></button>
    <button type="button" class="button quiet icon-only" onClick=${action("more").run} aria-keyshortcuts="." aria-label=${t("More actions")} title=${t("More actions")}><${Icon} name="ellipsis" /></button>
    <button type="button" class="button quiet icon-only" onClick=${action("details").run} aria-keyshortcuts="i" aria-label=${t("Details")} title=${t("Details")}><${Icon} name="info" /></button>
  </div>`
}

/** @param {{store: TicketStore}} props */
function Conversation({ store }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null))
  const atEnd = useRef(true)
  const [below, setBelow] = useState(0)
  const items = store.items.value
  outboxRevision.value
  const known = new Set(store.events.value.map(event => event.client_id).filter(Boolean))
  const unsent = outbox.of(store.id).filter(entry => !known.has(entry.client_id))
  const first = items[0]?.id
  const count = items.length + unsent.length + (store.ticket.value?.held_replies?.length ?? 0)
  const before = useRef({ first, count, height: 0, id: "" })

  useLayoutEffect(() => {
    const element = /** @type {HTMLElement} */ (box.current)
    const was = before.current
    if (was.id !== store.id || unsent.length > 0 && count > was.count) atEnd.current = true
    if (was.id === store.id && first !== was.first && items.length) element.scrollTop += element.scrollHeight - was.height // earlier ones came in above
    else if (atEnd.current) element.scrollTop = element.scrollHeight
    else if (count > was.count) setBelow(below + count - was.count)
    before.current = { first, count, height: element.scrollHeight, id: store.id }
  }, [store.id, first, count])
  useEffect(() => {
    const element = /** @type {HTMLElement} */ (box.current)
    const watch = new ResizeObserver(() => { if (atEnd.current) element.scrollTop = element.scrollHeight })
    watch.observe(element)
    if (element.firstElementChild) watch.observe(element.firstElementChild)
    return () => watch.disconnect()
  }, [store.id])
  const onScroll = () => {
    const element = /** @type {HTMLElement} */ (box.current)
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 60
    if (atEnd.current && below) setBelow(0)
    if (element.scrollTop < 120) store.loadEarlier()
  }
  const toEnd = () => {
    atEnd.current = true
    const element = /** @type {HTMLElement} */ (box.current)
    element.scrollTo({ top: element.scrollHeight, behavior: "smooth" })
  }
  const sought = useSought(store, box, atEnd)
  const today = now()
  const seenUpto = store.seenUpto.value
  const lastSeen = items.findLast(item => item.kind === "message" && item.ours && item.publicVersion !== null && item.publicVersion <= seenUpto)
  return html`<div class="conversation" ref=${box} onScroll=${onScroll} tabindex="0" role="group" aria-label=${t("Conversation")}>
    <div role="log" aria-live="polite" aria-relevant="additions" aria-label=${t("Messages")}><ol class="timeline">
      ${store.first.value > 1 && html`<li class="earlier" key="earlier"><button type="button" class="button quiet" disabled=${store.loadingEarlier.value} onClick=${() => store.loadEarlier()}>
        <${Icon} name="arrow-up" />${store.loadingEarlier.value ? t("Loading") : t("Earlier messages")}</button></li>`}
      ${grouped(items).map(({ item, newDay, continued }) => [
        newDay && html`<li class="day" key=${`day ${item.id}`}><span>${dayName(item.at, today)}</span></li>`,
        item.kind === "entry" ? html`<${EntryLine} key=${item.id} item=${item} />` : html`<${Message} key=${item.id} item=${item} continued=${continued} seen=${item === lastSeen} found=${item.id === sought} />`,
      ])}
      ${(store.ticket.value?.held_replies ?? []).map(held => html`<${HeldReply} key=${held.id} ticket=${store.ticket.value} held=${held} />`)}
      ${unsent.map(entry => html`<${Unsent} key=${entry.client_id} entry=${entry} />`)}
    </ol></div>
    ${below > 0 && html`<button type="button" class="pill to-end" onClick=${toEnd}><${Icon} name="arrow-down" />${plural("{n} new", "{n} new", below)}</button>`}
  </div>`
}

/** Who else is here: somebody writing warns before two answers go out. @param {{store: TicketStore}} props */
function Others({ store }) {
  const moment = tick.value
  const present = [...store.presence.value.values()].filter(one => one.who.id !== me.id)
  const typing = present.filter(one => one.state === "typing" && moment - one.at < TYPING_LASTS)
  const viewing = present.filter(one => one.state === "presence" && moment - one.at < VIEWING_LASTS && one.who.kind === "agent")
  const words = [
    ...typing.map(one => t("{name} is writing…", { name: one.who.name ?? t("Visitor") })),
    ...viewing.filter(one => !typing.some(other => other.who.id === one.who.id)).map(one => t("{name} is looking at this", { name: one.who.name })),
  ]
  const collision = typing.some(one => one.who.kind === "agent")
  return html`<p class="others" role="status" data-collision=${collision}>${words.length > 0 && html`<${Icon} name=${typing.length ? "pencil" : "eye"} />${words.join(" · ")}`}</p>`
}

function Loading() {
  const widths = ["w55", "w40", "w70", "w30", "w55"]
  return html`<div class="conversation" aria-busy="true"><p class="visually-hidden" role="status">${t("Loading")}</p><ol class="timeline" aria-hidden="true">
    ${widths.map((width, index) => html`<li class="message" key=${index} data-side=${index % 2 ? "ours" : "theirs"}><span class=${`bone bubble-bone ${width}`}></span></li>`)}</ol></div>
    <p class="others"></p><div class="composer" aria-hidden="true"><div class="composer-head"></div><textarea rows="2" disabled aria-label=${t("Reply")}></textarea><div class="composer-foot"></div></div>`
}
