// The left pane: views with their counts, channels, and who is on call.

import { html, useEffect, useRef } from "../vendor/ui.js"
import { action, hands } from "./actions/actions.js"
import { comeOrGo, deskOf, isAway, takesWork } from "./availability.js"
import { Avatar, Icon, Keys } from "./icons.js"
import { dialog } from "./notices_store.js"
import { COUNTED_TO, counted, isCapped } from "./queue/counts.js"
import { go, route, routeHash } from "./route.js"
import { dayAndTime, number, t } from "./translation.js"
import { now } from "./server/server_time.js"
import { boot, me, onCall, pictureOf, queue } from "./stores.js"

/** @import { Scope, View } from "./types.js" */

/** @type {{view: View, icon: string, label: () => string}[]} */
export const VIEW_LIST = [
  { view: "queue", icon: "inbox", label: () => t("Queue") },
  { view: "mine", icon: "user", label: () => t("Mine") },
  { view: "open", icon: "circle-dot", label: () => t("All open") },
  { view: "pending", icon: "hourglass", label: () => t("Waiting for reply") },
  { view: "snoozed", icon: "alarm-clock", label: () => t("Snoozed") },
  { view: "resolved", icon: "circle-check", label: () => t("Resolved") },
]

/** @type {{channel: Scope, icon: string, label: () => string}[]} */
const CHANNEL_LIST = [
  { channel: "chat", icon: "message-circle", label: () => t("Live chat") },
  { channel: "email", icon: "mail", label: () => t("Email") },
  { channel: "phone", icon: "phone", label: () => t("Phone") },
]

/** @param {{open: boolean, close: () => void}} props */
export function Nav({ open, close }) {
  const { view, channel } = route.value
  const counts = queue.counts.value
  const pane = useRef(/** @type {HTMLElement | null} */ (null))
  useEffect(() => {
    if (open) /** @type {HTMLElement | null} */ (pane.current?.querySelector("[aria-current], a"))?.focus()
  }, [open])
  const to = (/** @type {View} */ next, /** @type {Scope} */ scope) => (/** @type {MouseEvent} */ event) => {
    if (event.metaKey || event.ctrlKey) return
    event.preventDefault()
    go({ view: next, channel: scope, ticket: null })
    close()
  }
  return html`<aside class="nav" id="nav" aria-label=${t("Menu")} data-open=${open} ref=${pane} onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && close()}>
    <div class="brand">
      <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true"><path d="M9 11h14M9 16h10M9 21h6" /></svg>
      <span class="brand-name">Helpdesk</span>
      ${boot.demo && html`<span class="chip">${t("Demo")}</span>`}
      <button type="button" class="button quiet icon-only nav-close" onClick=${close} aria-label=${t("Close menu")}><${Icon} name="x" /></button>
    </div>
    <nav aria-label=${t("Views")}>
      <ul class="nav-list">
        ${VIEW_LIST.map(one => html`<${NavLink} key=${one.view} icon=${one.icon} label=${one.label()} count=${counts[one.view]}
          current=${view === one.view && !channel} href=${routeHash({ view: one.view, channel: null, ticket: null, details: false })} onClick=${to(one.view, null)} />`)}
      </ul>
      <h2 class="nav-title">${t("Channels")}</h2>
      <ul class="nav-list">
        ${CHANNEL_LIST.map(one => html`<${NavLink} key=${one.channel} icon=${one.icon} label=${one.label()} count=${counts[one.channel ?? ""]}
          current=${channel === one.channel} href=${routeHash({ view: "queue", channel: one.channel, ticket: null, details: false })} onClick=${to("queue", one.channel)} />`)}
      </ul>
    </nav>
    <${OnCallNow} />
    <div class="nav-foot">
      ${takesWork && html`<button type="button" class="button nav-call" onClick=${() => { close(); dialog.value = { name: "call", props: {} } }}>
        <${Icon} name="phone-call" />${t("Log a call")}
      </button>`}
      ${takesWork && html`<${AtWork} />`}
      <div class="me">
        <button type="button" class="button quiet me-self" title=${t("Your profile")} onClick=${() => { close(); dialog.value = { name: "profile", props: {} } }}>
          <${Avatar} name=${me.name} picture=${pictureOf(me.id)} size="small" /><span class="me-name">${me.name}</span></button>
        <button type="button" class="button quiet icon-only" onClick=${() => hands.toggleTheme()} aria-label=${t("Light or dark")} title=${t("Light or dark")}><${Icon} name="moon" /></button>
        <form method="post" action="/sign-out"><input type="hidden" name="csrf" value=${boot.csrf} />
          <button type="submit" class="button quiet icon-only" aria-label=${t("Sign out")} title=${t("Sign out")}><${Icon} name="log-out" /></button>
        </form>
      </div>
    </div>
  </aside>`
}

/** @param {{icon: string, label: string, count: number | undefined, current: boolean, href: string, onClick: (event: MouseEvent) => void}} props */
function NavLink({ icon, label, count, current, href, onClick }) {
  return html`<li><a class="nav-link" href=${href} aria-current=${current ? "page" : undefined} onClick=${onClick}>
    <${Icon} name=${icon} /><span class="nav-label">${label}</span>
    ${count === undefined ? null : html`<${Count} count=${count} />`}
  </a></li>`
}

/** A plus behind a number is not always spoken. @param {{count: number}} props */
function Count({ count }) {
  if (!isCapped(count)) return html`<span class="nav-count">${counted(count)}</span>`
  return html`<span class="nav-count"><span aria-hidden="true">${counted(count)}</span><span class="visually-hidden">${t("{n} or more", { n: number(COUNTED_TO) })}</span></span>`
}

/** The switch for a lunch or a meeting, with what one carries just now. */
function AtWork() {
  const desk = deskOf()
  const here = !isAway()
  return html`<button type="button" class="button quiet at-work" role="switch" aria-checked=${here} onClick=${comeOrGo} aria-keyshortcuts=${action("away").key}
    title=${here ? t("New work may be given to you. Switch off when you step away.") : t("No new work is given to you.")}>
    <span class="at-work-dot" aria-hidden="true"></span><span class="nav-label">${here ? t("At work") : t("Away")}</span>
    ${desk && html`<span class="at-work-load" title=${t("What you carry: a chat takes 1, a mail 2, a call 3, unless an inbox says otherwise")}>${t("{load} of {capacity}", { load: desk.load, capacity: desk.capacity })}</span>`}<${Keys} keys=${action("away").key} /></button>`
}

function OnCallNow() {
  const items = onCall.value
  return html`<section class="oncall" aria-labelledby="oncall-title">
    <h2 class=${items.length ? "nav-title" : "visually-hidden"} id="oncall-title">${t("On call now")}</h2>
    <ul class="oncall-list">${items.map(item => html`<li key=${item.schedule.id} class="oncall-item" title=${nextTitle(item)}>
      ${item.agents.length
        ? html`<${Avatar} name=${item.agents[0].name} picture=${pictureOf(item.agents[0].id)} size="small" />
          <span class="oncall-who"><span class="oncall-name">${item.agents.map((/** @type {{name: string}} */ one) => one.name).join(", ")}</span>
          <span class="oncall-until">${item.schedule.name}${item.until && html` · ${t("until {time}", { time: dayAndTime(item.until, now()) })}`}</span></span>`
        : html`<${Icon} name="triangle-alert" class="warn" /><span class="oncall-who"><span class="oncall-name">${t("Nobody")}</span><span class="oncall-until">${item.schedule.name}</span></span>`}
    </li>`)}</ul>
    <ul class="nav-list">
      <${PageLink} icon="calendar-clock" label=${t("All schedules")} href="/oncall" />
      <${PageLink} icon="monitor" label=${t("Wall")} href="/wall" />
      ${["owner", "admin"].includes(me.role) && html`<${PageLink} icon="settings" label=${t("Administration")} href="/admin" />`}
    </ul>
  </section>`
}

/** @param {{icon: string, label: string, href: string}} props */
function PageLink({ icon, label, href }) {
  return html`<li><a class="nav-link" href=${href}><${Icon} name=${icon} /><span class="nav-label">${label}</span></a></li>`
}

/** @param {any} item */
function nextTitle(item) {
  if (!item.next?.agents?.length) return undefined
  return t("Then {name}, from {time}", { name: item.next.agents.map((/** @type {{name: string}} */ one) => one.name).join(", "), time: dayAndTime(item.next.at, now()) })
}
