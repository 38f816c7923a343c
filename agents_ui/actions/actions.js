// Every action by name: its key, its words, when it can be done. Buttons, keys, palette and the sheet all read this.

import { dialog, pick } from "../notices_store.js"
import { comeOrGo, deskOf, isAway, loadDesks, standing, takesWork } from "../availability.js"
import { go } from "../route.js"
import { priorityName } from "../naming.js"
import { snoozeTimes } from "./snooze_times.js"
import { now } from "../server/server_time.js"
import { dayAndTime, t, time } from "../translation.js"
import { isOpen } from "../alert_order.js"
import { acknowledge, change, claimNext, merge, split, transfer, undoLast } from "./changes.js"
import { active, agents, current, me, neighbour, openAlerts, queue, teams } from "../stores.js"
import { changeSubject, nameContact } from "./renaming.js"
import { findSamePerson } from "./one_person.js"
import { findTickets, OPERATORS, ticketOption } from "./searching.js"

/** @import { Option } from "../notices_store.js" */
/** @import { Said } from "../ticket/timeline.js" */
/** @import { QueueRow, Scope, Ticket, View } from "../types.js" */

/**
 * @typedef {object} Action
 * @property {string} id
 * @property {string} key as pressed; two letters with a space are pressed one after the other
 * @property {string} icon
 * @property {() => string} label
 * @property {"queue" | "ticket" | "write" | "go" | "app"} group
 * @property {boolean} [needsTicket]
 * @property {() => boolean} [possible]
 * @property {() => void} run
 */

/** The composer, the list and the theme live in components, which put their hands here. */
export const hands = {
  /** @type {(kind: "message" | "note") => void} */ write: () => {},
  /** @type {(message: import("../writing/drafts.js").Forwarded) => void} */ forward: () => {},
  /** @type {() => void} */ attach: () => {},
  /** @type {() => void} */ savedReply: () => {},
  /** @type {() => void} */ focusList: () => {},
  /** @type {() => void} */ toggleTheme: () => {},
}

/** @type {Action[]} */
export const ACTIONS = [
  { id: "next", key: "c", icon: "arrow-right", group: "queue", label: () => t("Take the next"), run: takeNext },
  { id: "down", key: "j", icon: "arrow-down", group: "queue", label: () => t("Down"), run: () => move(1) },
  { id: "up", key: "k", icon: "arrow-up", group: "queue", label: () => t("Up"), run: () => move(-1) },
  { id: "open", key: "o", icon: "eye", group: "queue", label: () => t("Open ticket"), run: () => openActive() },
  { id: "why", key: "w", icon: "circle-question-mark", group: "queue", label: () => t("Why is this here?"), run: askWhy },

  { id: "reply", key: "r", icon: "corner-up-left", group: "write", needsTicket: true, label: () => t("Reply"), run: () => hands.write("message") },
  { id: "note", key: "n", icon: "sticky-note", group: "write", needsTicket: true, label: () => t("Write a note"), run: () => hands.write("note") },

  { id: "saved_reply", key: "q", icon: "corner-up-left", group: "write", needsTicket: true, label: () => t("Insert a saved reply"), possible: () => Boolean(current.value?.ticket.value), run: () => hands.savedReply() },
  { id: "forward", key: "f", icon: "arrow-right", group: "write", needsTicket: true, label: () => t("Forward"), possible: () => fromContact().length > 0, run: forwardLast },
  { id: "call_here", key: ",", icon: "phone-call", group: "write", needsTicket: true, label: () => t("Log a call on this ticket"), possible: () => takesWork && Boolean(calledAbout()), run: logCallHere },

  { id: "resolve", key: "e", icon: "check", group: "ticket", needsTicket: true, label: () => t("Resolve"), run: resolveOrReopen },
  { id: "snooze", key: "h", icon: "alarm-clock", group: "ticket", needsTicket: true, label: () => t("Snooze"), run: snooze },
  { id: "assign", key: "a", icon: "user-plus", group: "ticket", needsTicket: true, label: () => t("Assign"), run: assign },
  { id: "team", key: "v", icon: "users", group: "ticket", needsTicket: true, label: () => t("Hand to a team…"), possible: () => target()?.status !== "merged" && teams.value.length > 0, run: handToTeam },
  { id: "priority", key: "p", icon: "flag", group: "ticket", needsTicket: true, label: () => t("Priority"), run: prioritise },
  { id: "tags", key: "l", icon: "tag", group: "ticket", needsTicket: true, label: () => t("Tags"), run: tag },
  { id: "subject", key: "s", icon: "pencil", group: "ticket", needsTicket: true, label: () => t("Change the subject…"), possible: () => takesWork && target()?.status !== "merged", run: () => withTarget(changeSubject) },
  { id: "name", key: "u", icon: "user", group: "ticket", needsTicket: true, label: () => t("Name the contact…"), possible: () => takesWork, run: () => withTarget(nameContact) },
  { id: "same_person", key: "=", icon: "users", group: "ticket", needsTicket: true, label: () => t("Same person as…"), possible: () => takesWork, run: () => withTarget(findSamePerson) },
  { id: "merge", key: "m", icon: "corner-up-left", group: "ticket", needsTicket: true, label: () => t("Merge into…"), possible: () => target()?.status !== "merged", run: mergeInto },
  { id: "split", key: "x", icon: "copy", group: "ticket", needsTicket: true, label: () => t("Split off a message…"), possible: () => fromContact().length > 1, run: splitOff },
  { id: "more", key: ".", icon: "ellipsis", group: "ticket", needsTicket: true, label: () => t("More actions"), run: more },
  { id: "details", key: "i", icon: "info", group: "ticket", needsTicket: true, label: () => t("Details"), run: toggleDetails },

  { id: "go_queue", key: "g q", icon: "inbox", group: "go", label: () => t("Go to the queue"), run: () => goTo("queue") },
  { id: "go_mine", key: "g m", icon: "user", group: "go", label: () => t("Go to mine"), run: () => goTo("mine") },
  { id: "go_open", key: "g o", icon: "circle-dot", group: "go", label: () => t("Go to all open"), run: () => goTo("open") },
  { id: "go_snoozed", key: "g s", icon: "alarm-clock", group: "go", label: () => t("Go to snoozed"), run: () => goTo("snoozed") },
  { id: "go_pending", key: "g w", icon: "hourglass", group: "go", label: () => t("Go to waiting for reply"), run: () => goTo("pending") },
  { id: "go_resolved", key: "g r", icon: "circle-check", group: "go", label: () => t("Go to resolved"), run: () => goTo("resolved") },
  { id: "go_chat", key: "g c", icon: "message-circle", group: "go", label: () => t("Go to live chat"), run: () => goTo("queue", "chat") },
  { id: "go_email", key: "g e", icon: "mail", group: "go", label: () => t("Go to email"), run: () => goTo("queue", "email") },
  { id: "go_phone", key: "g p", icon: "phone", group: "go", label: () => t("Go to phone"), run: () => goTo("queue", "phone") },
  { id: "go_replies", key: "g t", icon: "corner-up-left", group: "go", label: () => t("Go to saved replies"), possible: () => me.role !== "light", run: () => location.assign("/admin/replies") },

  { id: "search", key: "/", icon: "search", group: "app", label: () => t("Search and commands"), run: () => { openPalette() } },
  { id: "acknowledge", key: "y", icon: "siren", group: "app", label: () => t("Acknowledge the alert"), possible: () => Boolean(firstAlert()), run: acknowledgeFirst },
  { id: "call", key: "t", icon: "phone-call", group: "app", label: () => t("Log a call"), possible: () => takesWork, run: () => { dialog.value = { name: "call", props: {} } } },
  { id: "away", key: "b", icon: "circle-pause", group: "app", label: () => (isAway() ? t("Back at work") : t("Step away")), possible: () => takesWork, run: comeOrGo },
  { id: "undo", key: "z", icon: "undo-2", group: "app", label: () => t("Undo"), run: undoLast },
  { id: "theme", key: "d", icon: "moon", group: "app", label: () => t("Light or dark"), run: () => hands.toggleTheme() },
  { id: "keys", key: "?", icon: "keyboard", group: "app", label: () => t("Keyboard"), run: () => { dialog.value = { name: "keys", props: {} } } },
]

async function takeNext() {
  await claimNext()
  if (document.activeElement === document.body) hands.focusList() // a key was pressed before anything else was
}

/** @param {string} id @returns {Action} */
export function action(id) {
  return /** @type {Action} */ (ACTIONS.find(one => one.id === id))
}

/** @param {Action} one */
export function canRun(one) {
  return (!one.needsTicket || Boolean(target())) && (one.possible?.() ?? true)
}

/** What a ticket action acts on: the open ticket, else the row the keyboard stands on. @returns {Ticket | (QueueRow & {id: string}) | null} */
export function target() {
  const open = current.value?.ticket.value
  if (open) return open
  const id = current.value?.id ?? active.value
  const row = id ? queue.row(id) : undefined
  return row ? { ...row, id: row.ticket_id } : null
}

/** @param {(ticket: Ticket | (QueueRow & {id: string})) => void} run */
function withTarget(run) {
  const ticket = target()
  if (ticket) run(ticket)
}

/** @param {View} view @param {Scope} [channel] */
export function goTo(view, channel = null) {
  go({ view, channel, ticket: null })
  hands.focusList()
}

/** @param {number} step */
function move(step) {
  active.value = neighbour(active.value ?? current.value?.id ?? null, step)
}

/** @param {string | null} [id] */
export function openActive(id = active.value) {
  if (id) go({ ticket: id })
}

function askWhy() {
  const row = (active.value && queue.row(active.value)) || current.value?.ticket.value
  if (row) dialog.value = { name: "why", props: { row } }
}

/** The open ticket's own, else the one the window shows first. */
function firstAlert() {
  return current.value?.ticket.value?.alerts.find(isOpen) ?? openAlerts()[0]
}

function acknowledgeFirst() {
  const alert = firstAlert()
  if (alert) acknowledge(alert.id)
}

export function resolveOrReopen() {
  const ticket = target()
  if (!ticket) return
  const before = ticket.status
  if (before === "resolved" || before === "closed") {
    change(ticket.id, { status: "open" }, { said: t("#{number} is open again", { number: ticket.number }), back: { status: before } })
    return
  }
  const next = neighbour(ticket.id, 1)
  change(ticket.id, { status: "resolved" }, {
    said: t("#{number} resolved", { number: ticket.number }), back: { status: before === "snoozed" ? "open" : before },
  })
  moveOn(ticket.id, next)
}

/** After a ticket is put away the next one opens; on a phone the list does. @param {string} id @param {string | null} next */
export function moveOn(id, next) {
  if (current.value?.id !== id) return
  const narrow = matchMedia("(max-width: 719px)").matches
  const other = next && next !== id && !narrow ? next : null
  go({ ticket: other })
  if (!other) hands.focusList()
}

async function snooze() {
  const ticket = target()
  if (!ticket) return
  const options = snoozeTimes(now()).map(({ label, at }) => ({
    id: at.toISOString(), label, hint: dayAndTime(at.getTime(), now()), icon: "alarm-clock",
  }))
  if (ticket.status === "snoozed") options.unshift({ id: "wake", label: t("Wake it now"), hint: "", icon: "bell" })
  const until = await pick({ title: t("Snooze until"), placeholder: t("Pick a time"), options, extra: "datetime-local" })
  if (!until) return
  if (until === "wake") return change(ticket.id, { status: "open" }, { said: t("#{number} is open again", { number: ticket.number }) })
  const next = neighbour(ticket.id, 1)
  change(ticket.id, { snooze_until: until }, {
    said: t("#{number} sleeps until {time}", { number: ticket.number, time: time(until, { dateStyle: "medium", timeStyle: "short" }) }),
    back: { status: "open" },
  })
  moveOn(ticket.id, next)
}

async function assign() {
  const ticket = target()
  if (!ticket) return
  await loadDesks()
  const options = [
    { id: me.id, label: t("Me"), hint: me.name, icon: "user-check", chosen: ticket.assignee?.id === me.id },
    ...agents.value.filter(agent => agent.id !== me.id).map(agent => ({
      id: agent.id, label: agent.name, hint: standing(deskOf(agent.id)), icon: "user", chosen: ticket.assignee?.id === agent.id,
    })),
    { id: "nobody", label: t("Nobody: back to the queue"), icon: "inbox", chosen: !ticket.assignee },
  ]
  const chosen = await pick({ title: t("Assign #{number}", { number: ticket.number }), placeholder: t("Search people"), options })
  if (!chosen) return
  const to = chosen === "nobody" ? null : chosen
  const name = options.find(one => one.id === chosen)
  const said = to === null
    ? t("#{number} is back in the queue", { number: ticket.number })
    : t("#{number} goes to {name}", { number: ticket.number, name: to === me.id ? me.name : name?.label })
  change(ticket.id, { assignee_id: to }, { said, back: { assignee_id: ticket.assignee?.id ?? null } })
}

async function handToTeam() {
  const ticket = target()
  if (!ticket) return
  const options = teams.value.filter(team => team.id !== ticket.team?.id).map(team => ({ id: team.id, label: team.name, icon: "users" }))
  const chosen = await pick({ title: t("Hand #{number} to a team", { number: ticket.number }), placeholder: t("Search teams"), options })
  const team = teams.value.find(one => one.id === chosen)
  if (!team) return
  const reason = await pick({
    title: t("What should {team} know?", { team: team.name }), placeholder: t("A word on the way, for their eyes only"),
    options: [{ id: " ", label: t("Hand it on without a word"), icon: "arrow-right", untyped: true }],
    typed: text => ({ id: text, label: t("Hand it on: “{reason}”", { reason: text }), icon: "arrow-right" }),
  })
  if (reason) transfer(ticket, team, reason.trim())
}

/** What has no button of its own, for those who use no keys. */
async function more() {
  const ticket = target()
  if (!ticket) return
  const rest = ACTIONS.filter(one => ["ticket", "write"].includes(one.group) && !["resolve", "snooze", "assign", "priority", "reply", "details", "more"].includes(one.id))
  const options = [...rest, action("why")].filter(canRun).map(one => ({ id: `do ${one.id}`, label: one.label(), icon: one.icon, key: one.key }))
  const chosen = await pick({ title: t("More actions on #{number}", { number: ticket.number }), placeholder: t("Search actions"), options })
  if (chosen) action(chosen.slice(3)).run()
}

async function prioritise() {
  const ticket = target()
  if (!ticket) return
  const options = [1, 2, 3, 4, 5].map(priority => ({
    id: String(priority), label: `P${priority} · ${priorityName(priority)}`, icon: "flag", key: String(priority), chosen: ticket.priority === priority,
  }))
  const chosen = await pick({ title: t("Priority of #{number}", { number: ticket.number }), placeholder: t("Type 1 to 5"), options })
  if (!chosen || Number(chosen) === ticket.priority) return
  change(ticket.id, { priority: Number(chosen) }, {
    said: t("#{number} is now P{priority}", { number: ticket.number, priority: chosen }), back: { priority: ticket.priority },
  })
}

async function tag() {
  const ticket = target()
  if (!ticket) return
  const known = new Set([...ticket.tags, ...queue.all().flatMap(row => row.tags)])
  const options = [...known].sort().map(name => ({ id: name, label: name, icon: "tag", chosen: ticket.tags.includes(name) }))
  const chosen = await pick({
    title: t("Tags of #{number}", { number: ticket.number }), placeholder: t("Add or remove a tag"), options,
    typed: text => /** @type {Option} */ ({ id: text, label: t("New tag “{name}”", { name: text }), icon: "plus" }),
  })
  if (!chosen) return
  const has = ticket.tags.includes(chosen)
  const tags = has ? ticket.tags.filter(name => name !== chosen) : [...ticket.tags, chosen]
  change(ticket.id, { tags }, {
    said: has ? t("Tag “{name}” removed", { name: chosen }) : t("Tag “{name}” added", { name: chosen }), back: { tags: ticket.tags },
  })
}

async function mergeInto() {
  const ticket = target()
  if (!ticket) return
  /** @type {Map<string, number>} */
  const numbers = new Map()
  const offered = (/** @type {any[]} */ rows) => rows.filter(row => (row.ticket_id ?? row.id) !== ticket.id && row.status !== "merged").map(row => {
    numbers.set(row.ticket_id ?? row.id, row.number)
    return { ...ticketOption(row), id: row.ticket_id ?? row.id }
  })
  const sameContact = queue.all().filter(row => row.contact?.id === ticket.contact?.id)
  const others = queue.all().filter(row => row.contact?.id !== ticket.contact?.id)
  const chosen = await pick({
    title: t("Merge #{number} into", { number: ticket.number }), placeholder: t("Number or words of the other ticket"),
    options: offered([...sameContact, ...others]), unchosen: true,
    more: async (text, after) => {
      const { items, next } = await findTickets(text, after)
      return { options: offered(items), next }
    },
  })
  if (chosen) merge(ticket, { id: chosen, number: numbers.get(chosen) ?? 0 })
}

/** What the contact wrote on the open ticket and everybody sees, newest first. @returns {Said[]} */
function fromContact() {
  const items = current.value?.items.value ?? []
  return /** @type {Said[]} */ (items.filter(item => item.kind === "message" && !item.ours && !item.unverified)).toReversed()
}

/** The open ticket, where a call can still stand on it. */
function calledAbout() {
  const ticket = current.value?.ticket.value
  return ticket && ticket.status !== "merged" ? ticket : null
}

function logCallHere() {
  const onto = calledAbout()
  if (onto) dialog.value = { name: "call", props: { onto } }
}

function forwardLast() {
  const [last] = fromContact()
  if (last) hands.forward({ id: last.id, name: last.author.name || last.sender || t("Visitor"), files: last.attachments })
}

async function splitOff() {
  const ticket = current.value?.ticket.value
  if (!ticket) return
  const options = fromContact().map(item => ({
    id: item.id, label: item.body.replace(/\s+/g, " ").slice(0, 90) || item.attachments.map(file => file.name).join(", "), hint: dayAndTime(item.at, now()), icon: "message-circle",
  }))
  const chosen = await pick({ title: t("Which message goes on as a ticket of its own?"), placeholder: t("Search messages"), options, unchosen: true })
  if (chosen) split(ticket, chosen)
}

export async function openPalette() {
  const commands = ACTIONS.filter(canRun).filter(one => !["down", "up", "open", "search"].includes(one.id)).map(one => ({
    id: `do ${one.id}`, label: one.label(), icon: one.icon, key: one.key, group: one.group === "go" ? t("Go to") : t("Commands"),
  })).sort((a, b) => Number(a.group !== t("Commands")) - Number(b.group !== t("Commands")))
  const tickets = queue.all().map(row => ticketOption(row))
  const chosen = await pick({
    title: t("Search and commands"), placeholder: t("Words of a ticket, or a command"), options: [...commands, ...tickets], unchosen: true, insertable: OPERATORS,
    more: async (text, after) => {
      const { items, next } = await findTickets(text, after)
      return { options: items.map(ticketOption), next }
    },
  })
  if (!chosen) return
  const [kind, ticket, message = null] = chosen.split(" ")
  if (kind === "do") action(ticket).run()
  else go({ ticket, message })
}

function toggleDetails() {
  if (!current.value) return
  const wide = matchMedia("(min-width: 1200px)").matches
  if (wide) document.getElementById("workspace")?.toggleAttribute("data-details-hidden")
  else go({ details: !location.hash.endsWith("/details") })
}
