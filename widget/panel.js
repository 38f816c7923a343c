// The chat's own page, shown in a frame beside a website or alone: puts storage, chat, screen and launcher together.

import { computed, effect, html, render, signal, useEffect, useState } from "../vendor/ui.js"
import { Chat, OVER } from "./chat.js"
import { Composer } from "./composer.js"
import { features } from "./features/features.js"
import { Icon } from "./icon.js"
import { Avatar, Messages } from "./messages.js"
import { uuid } from "./outbox.js"
import { keep } from "./storage.js"
import { linked, looksLikeEmail, offers } from "./text.js"
import { colours, launcher } from "./theme.js"
import { answering } from "./thread.js"
import { clockTime, learn, locale, moment, openingHours, replyTime, speak, t } from "./translation.js"

/** @import { Ticket } from "./chat.js" */

const chime = async () => (await import("./sound.js")).chime()

const page = JSON.parse(document.getElementById("page")?.textContent ?? "{}")
const storage = keep(`helpdesk:${page.inbox}:`)
const framed = window.parent !== window
const now = signal(new Date())
const view = signal(/** @type {"thread" | "list"} */ ("thread"))
const sound = signal(storage.get("sound") !== false)
const prefill = signal("")
const dropped = signal(/** @type {File[]} */ ([]))
const dragging = signal(false)
const wish = signal(/** @type {import("./theme.js").Theme} */ ({}))
const dark = matchMedia("(prefers-color-scheme: dark)")
const systemDark = signal(dark.matches)
/** @type {{ page?: string, identity?: object, attributes?: object }} what the website says of its visitor */
const visitor = {}
/** @type {MessagePort | null} */
let port = null
/** @type {ReturnType<typeof setTimeout> | undefined} */
let telling

const where = () => ({ url: visitor.page, attributes: visitor.attributes })
let toldOf = "" // where the visitor is, as the server knows it

const chat = new Chat(page.inbox, storage, () => {
  toldOf = JSON.stringify(where())
  return {
    page: visitor.page ? where() : undefined,
    identity: visitor.identity,
    locale: locale(),
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  }
})
let started = false

/** @param {string} name @param {unknown} [value] */
const tell = (name, value) => port?.postMessage([name, value])

/** What the launcher tells us. @type {Record<string, (value: any) => void>} */
const orders = {
  open(open) {
    chat.visible.value = open
    if (!open) return
    start()
    chat.wake()
    chat.markRead()
    if (open !== "quiet") toComposer()
  },
  locale: change,
  theme: theme => { wish.value = { ...wish.value, ...theme } },
  page(address) {
    if (address === visitor.page) return
    visitor.page = address
    tellVisit()
  },
  attributes(values) {
    visitor.attributes = values
    tellVisit()
  },
  identify(who) {
    if (!who) return
    if (JSON.stringify(who) === JSON.stringify(visitor.identity)) return
    visitor.identity = who
    chat.identify()
  },
  prefill: text => { prefill.value = text },
  logout: yes => { if (yes) chat.logout() },
}

/** Where the visitor is now and what the site says of them: many calls, one request. */
function tellVisit() {
  clearTimeout(telling)
  telling = setTimeout(() => {
    if (!chat.session.value || JSON.stringify(where()) === toldOf) return
    toldOf = JSON.stringify(where())
    void chat.line.command("visit", where())
  }, 2_000)
}

const REFUSED = /** @type {Record<string, string>} */ ({
  blocked: "Please write us a mail instead.",
  identity_required: "Please sign in on this website first. The chat knows you then.",
  too_many: "Too many people from your network are here right now. Please wait a little, or write us a mail.",
})

/** Why there is no chat for this visitor, if we know; a crowd may be gone at the next try. */
function refusal() {
  const { session, status, line } = chat
  const final = status.value === "refused"
  if (session.value || !(final || (status.value === "offline" && line.code === "too_many"))) return ""
  return REFUSED[line.code] ?? "The chat is not available on this page."
}

/** Nothing is asked of the server before the visitor wants something, or has a conversation. */
function start() {
  if (!started) chat.start()
  started = true
}

/** @param {string} wanted */
async function change(wanted) {
  const language = wanted.toLowerCase().split("-")[0]
  if (language === page.locale.split("-")[0] || !page.catalogs[language]) return
  page.locale = language
  const texts = await Promise.all(page.catalogs[language].map((/** @type {string} */ address) => import(address)))
  speak(language, Object.assign({}, ...texts.map(one => one.default)))
}

function Panel() {
  const several = chat.tickets.value.some(ticket => ticket.id !== chat.current.value)
  const refused = refusal()
  return html`
    <main class=${dragging.value ? "panel dragging" : "panel"} onDragOver=${dragOver} onDragLeave=${() => { dragging.value = false }} onDrop=${drop}>
      <${Header} several=${several} />
      <${Trouble} />
      ${refused
        ? html`<p class="refused" role="status">${t(refused)}</p>`
        : view.value === "list" && several
          ? html`<${Conversations} />`
          : html`<${Messages} chat=${chat} now=${now.value} later=${extra.Later} /><${Foot} />`}
      <div class="drop" aria-hidden="true">${t("Drop files here")}</div>
    </main>`
}

/** @param {{ several: boolean }} props */
function Header({ several }) {
  const inbox = chat.session.value?.inbox
  const listing = view.value === "list" && several
  const agent = listing ? null : chat.lines.value.findLast(line => line.kind === "message" && !line.mine && line.author.name)?.author
  const title = listing ? t("Your conversations") : (agent?.name ?? inbox?.name ?? page.name ?? t("Support"))
  const logo = ownPicture((inbox?.theme ?? page.theme)?.logo)
  return html`
    <header>
      ${several && !listing && html`
        <button type="button" class="icon" aria-label=${t("All conversations")} title=${t("All conversations")} onClick=${() => { view.value = "list" }}>
          <${Icon} name="back" />
        </button>`}
      ${!listing && html`<span class=${inbox?.open || answers() ? "who there" : "who"}>${logo && !agent ? html`<img class="logo" src=${logo} alt="" />` : html`<${Avatar} name=${title} picture=${agent?.picture} />`}</span>`}
      <div class="title">
        <h1>${title}</h1>
        ${inbox && !listing && html`<p>${presence()}</p>`}
      </div>
      <button type="button" class="icon" aria-pressed=${sound.value ? "true" : "false"} aria-label=${t("Sound")}
        title=${sound.value ? t("Sound is on") : t("Sound is off")} onClick=${toggleSound}><${Icon} name=${sound.value ? "sound" : "silent"} /></button>
      ${framed && html`<button type="button" class="icon" aria-label=${t("Close chat")} title=${t("Close chat")} onClick=${() => tell("close")}><${Icon} name="close" /></button>`}
    </header>`
}

/** From our own origin or within the address: anything else would tell others who opens a chat. @param {string | undefined} address */
function ownPicture(address) {
  return address && /^(\/(?!\/)|data:image\/(png|jpeg|webp|svg\+xml)[;,])/.test(address) ? address : null
}

function answers() {
  return answering(chat.lines.value, now.value)
}

/** Is somebody there, and how long will it take: told before anything is asked. */
function presence() {
  const inbox = chat.session.value?.inbox
  if (!inbox) return ""
  if (answers()) return t("Answering you now")
  if (!inbox.open) return inbox.next_opening ? t("Back {when}", { when: moment(new Date(inbox.next_opening), now.value) }) : t("Away right now")
  return inbox.reply_time ? replyTime(inbox.reply_time) : t("We are here")
}

function Trouble() {
  const status = chat.status.value
  const quiet = status === "online" || status === "polling" || status === "refused" || refusal() || (status === "connecting" && !lost.value)
  return html`<p class="trouble" role="status">${quiet ? "" : t("No connection. Trying again…")}</p>`
}

const extra = features({
  chat, html, useState, useEffect, signal, computed, effect, t, moment, linked, uuid, offers, looksLikeEmail, over: OVER, focus: toComposer,
  formsModule: async () => {
    const [module, texts] = await Promise.all([import("./features/forms.js"), import(page.catalogs[locale().split("-")[0]][1])])
    learn(texts.default)
    return module
  },
})

function toComposer() {
  requestAnimationFrame(() => document.getElementById("composer")?.focus())
}

function Foot() {
  if (extra.standsInFor()) return html`<${extra.Instead} />`
  const ticket = chat.tickets.value.find(known => known.id === chat.current.value)
  const over = ticket && OVER.has(ticket.status)
  const fresh = html`<button type="button" class="button quiet" onClick=${startNew}><${Icon} name="write" />${t("New conversation")}</button>`
  if (ticket && over && ticket.status !== "resolved") return html`<div class="foot over">${fresh}</div>`
  const hours = chat.session.value?.inbox.hours
  return html`
    <${extra.Between} />
    <div class="foot">
      ${over && html`<div class="solved"><p>${t("Solved? If not, just write again.")}</p>${fresh}</div>`}
      <${Composer} chat=${chat} prefill=${prefill} dropped=${dropped} />
      <${extra.Actions} />
      ${!chat.lines.value.length && hours?.week && html`<p class="hours">${t("Open {hours}", { hours: openingHours(hours.week, hours.time_zone, now.value) })}</p>`}
    </div>`
}

function Conversations() {
  return html`
    <div class="messages list">
      <ul>
        ${chat.tickets.value.map(ticket => html`<${Conversation} key=${ticket.id} ticket=${ticket} />`)}
      </ul>
      <button type="button" class="button" onClick=${startNew}><${Icon} name="write" />${t("New conversation")}</button>
    </div>`
}

/** @param {{ ticket: Ticket }} props */
function Conversation({ ticket }) {
  const unread = chat.unreadIn(ticket)
  const last = chat.threads.get(ticket.id)?.lines.value.findLast(line => line.kind === "message")
  const state = OVER.has(ticket.status) ? t("Solved") : t("Open")
  return html`
    <li>
      <button type="button" onClick=${() => { chat.show(ticket.id); view.value = "thread" }}>
        <strong>${ticket.subject || t("Conversation")}</strong>
        <span class="quiet">${last ? `${last.text.slice(0, 80)} · ${clockTime(new Date(last.at))}` : ticket.number ? `#${ticket.number}` : ""}</span>
        ${unread ? html`<b class="count">${unread}<span class="unseen"> ${t("unread")}</span></b>` : html`<span class="state">${state}</span>`}
      </button>
    </li>`
}

function startNew() {
  chat.startNew()
  view.value = "thread"
  toComposer()
}

function toggleSound() {
  sound.value = !sound.value
  storage.set("sound", sound.value)
  if (sound.value) chime()
}

/** @param {DragEvent} event */
function dragOver(event) {
  if (!event.dataTransfer?.types.includes("Files")) return
  event.preventDefault()
  dragging.value = true
}

/** @param {DragEvent} event */
function drop(event) {
  event.preventDefault()
  dragging.value = false
  dropped.value = [...(event.dataTransfer?.files ?? [])]
}

// A short silence of the line is nobody's business; a longer one is told.
const lost = signal(false)
/** @type {ReturnType<typeof setTimeout> | undefined} */
let losing
effect(() => {
  const up = chat.status.value === "online" || chat.status.value === "polling"
  clearTimeout(losing)
  if (up) lost.value = false
  else losing = setTimeout(() => { lost.value = started }, 4_000)
})

effect(() => {
  const own = /** @type {import("./theme.js").Theme} */ (chat.session.value?.inbox.theme ?? page.theme ?? {})
  const theme = { ...own, ...Object.fromEntries(Object.entries(wish.value).filter(([, value]) => value)) }
  const scheme = theme.scheme === "dark" || theme.scheme === "light" ? theme.scheme : null
  const root = document.documentElement
  root.dataset.scheme = scheme ?? (systemDark.value ? "dark" : "light")
  for (const [name, value] of Object.entries(colours(theme, root.dataset.scheme === "dark"))) root.style.setProperty(name, value)
  if (theme.accent) tell("theme", launcher(theme))
})

effect(() => tell("unread", chat.unread.value))
effect(() => {
  const session = chat.session.value
  if (session) tell("active", chat.waiting.value.length > 0 || chat.unread.value > 0 || chat.tickets.value.some(ticket => !OVER.has(ticket.status)))
})
effect(() => tell("event", ["status", chat.status.value]))

chat.happened = (name, detail) => {
  if (name === "logout") return tell("gone")
  tell("event", [name, detail])
  const looking = chat.visible.value && !document.hidden && document.hasFocus()
  if (name === "message:received" && chat.tabs.leading && sound.value && !looking) chime()
}

dark.addEventListener("change", () => { systemDark.value = dark.matches })
addEventListener("online", () => chat.wake())
addEventListener("offline", () => chat.cut())
addEventListener("focus", () => { if (started) chat.wake() })
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !started) return
  chat.wake()
  chat.markRead()
})
// A page put aside by the browser holds no lock and no socket, so that it may come back at once.
addEventListener("pagehide", () => { if (started) chat.stop() })
addEventListener("pageshow", event => { if (event.persisted && started) chat.start() })
addEventListener("keydown", event => {
  if (event.key === "Escape" && framed && !event.defaultPrevented) tell("close")
})
setInterval(() => {
  now.value = new Date()
  if (chat.visible.value && !document.hidden) void chat.freshen()
}, 30_000)

addEventListener("message", event => {
  const told = event.data?.helpdesk
  if (port || !told || event.source !== window.parent || !event.ports[0]) return
  port = event.ports[0]
  port.onmessage = ({ data: [name, value] }) => orders[name]?.(value)
  const { open, ...rest } = told
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) orders[name]?.(value)
  if (storage.get("token")) start()
  tell("unread", chat.unread.value)
  if (open) orders.open(open)
})

speak(page.locale, page.catalog ?? {})
render(html`<${Panel} />`, /** @type {HTMLElement} */ (document.getElementById("app")))
if (!framed) orders.open(true)
