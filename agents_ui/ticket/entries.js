// One line of the timeline for each thing that happened between the messages.

import { inWords, stepInWords } from "../alert_words.js"
import { countdown, span } from "../countdown.js"
import { channelName, leftOut, metricName, priorityName } from "../naming.js"
import { fullTime, plural, t } from "../translation.js"

/** @import { TicketEvent } from "../types.js" */
/** @typedef {{icon: string, text: string, tone?: "danger" | "warn" | "ok", ticket?: string}} Line with the id of the other ticket it speaks of */

/** @param {TicketEvent} event @returns {Line | null} null for what this version does not know */
export function describe(event) {
  return LINES[event.name]?.(event.data ?? {}, event.by?.name || t("The system"), event) ?? null
}

/** @param {string} name */
export function hasLine(name) {
  return Object.hasOwn(LINES, name)
}

/** Why a ticket waits for us again, where neither its contact nor an agent is the reason. @param {string} reason @returns {Line | null} */
function broughtBack(reason) {
  if (reason === "answer_failed") return { icon: "rotate-ccw", text: t("The answer reached nobody: it waits for us again"), tone: "danger" }
  if (reason === "contact_called") return { icon: "phone", text: t("The contact called: it is open again") }
  if (reason === "call_owed") return { icon: "phone", text: t("A call was promised: it is open until then") }
  if (reason === "unverified_sender") return { icon: "rotate-ccw", text: t("An unverified sender wrote: it waits for us again"), tone: "warn" }
  return null
}

/** @type {Record<string, (data: any, by: string, event: TicketEvent) => Line | null>} */
const LINES = {
  TicketOpened: data => ({ icon: "inbox", text: t("Ticket opened by {channel}", { channel: channelName(data.channel) }) }),
  TicketAssigned(data, by, event) {
    if (!data.assignee_id && data.reason === "offline") return { icon: "inbox", text: t("Back in the queue, because its agent went offline") }
    if (!data.assignee_id && data.reason === "out_of_sight") return { icon: "inbox", text: t("Back in the queue, because its agent may not see it any more") }
    if (!data.assignee_id) return { icon: "inbox", text: t("{by} put it back in the queue", { by }) }
    if (data.reason === "claim") return { icon: "user-check", text: t("{name} took it from the queue", { name: data.assignee_name }) }
    if (data.reason === "push") return { icon: "user-check", text: t("{name} was given it from the queue", { name: data.assignee_name }) }
    if (data.reason === "reply" || data.assignee_id === event.by?.id) {
      return { icon: "user-check", text: t("{name} took it", { name: data.assignee_name }) }
    }
    return { icon: "user-plus", text: t("{by} assigned it to {name}", { by, name: data.assignee_name }) }
  },
  TeamChanged: (data, by) => ({ icon: "users", text: t("{by} moved it to {team}", { by, team: data.team_name ?? t("no team") }) }),
  SkillsChanged(data, by) {
    const skills = (data.skills ?? []).join(", ")
    return { icon: "star", text: skills ? t("{by} asks for these skills: {skills}", { by, skills }) : t("{by} asks for no special skills any more", { by }) }
  },
  TicketEscalated: (data, by) => ({
    icon: "arrow-up", text: joined(t("{by} handed it on to {team}", { by, team: data.team_name }), data.reason), tone: "warn",
  }),
  TicketSnoozed: (data, by) => ({ icon: "alarm-clock", text: t("{by} snoozed it until {time}", { by, time: fullTime(data.until) }) }),
  TicketWoken(data) {
    return broughtBack(data.reason) ?? { icon: "bell", text: t("It woke up") }
  },
  TicketResolved: (_data, by) => ({ icon: "circle-check", text: t("{by} resolved it", { by }), tone: "ok" }),
  TicketOpenedAgain(data, by) {
    if (data.reason === "contact_wrote") return { icon: "rotate-ccw", text: t("The contact wrote: it waits for us again") }
    return broughtBack(data.reason) ?? { icon: "rotate-ccw", text: t("{by} opened it again", { by }) }
  },
  TicketReopened(data, by) {
    if (data.reason === "contact_wrote") return { icon: "rotate-ccw", text: t("The contact wrote: it waits for us again") }
    return broughtBack(data.reason) ?? { icon: "rotate-ccw", text: t("{by} opened it again", { by }) }
  },
  VisitorIntroduced(data) {
    const told = Object.entries(data.answers ?? {}).map(([key, value]) => `${key}: ${value}`)
    if (data.consent) told.push(t("agreed to: {consent}", { consent: data.consent }))
    const said = told.length ? t("The visitor said before the chat: {told}", { told: told.join(" · ") }) : ""
    const from = data.page ? t("Wrote from {page}", { page: data.page }) : ""
    return { icon: "user", text: [said, from].filter(Boolean).join(" · ") }
  },
  ContactIdentified: data => ({ icon: "user-check", text: t("The website says that this is {name}", { name: data.contact_name || t("Visitor") }), tone: "ok" }),
  ContactMerged: (data, by) => ({ icon: "users", text: t("{by}: {name} is the same person as {other}", { by, name: data.previous_name || t("Visitor"), other: data.contact_name || t("Visitor") }) }),
  ContactMergeUndone: (data, by) => ({ icon: "users", text: t("{by}: {name} and {other} are two people after all", { by, name: data.contact_name || t("Visitor"), other: data.previous_name || t("Visitor") }) }),
  TicketRated: (data, by) => ({
    icon: "star", text: joined(t("{by} rated it {score} of 5", { by, score: data.score }), data.comment), tone: data.score <= 2 ? "danger" : "ok",
  }),
  CallbackRequested: (data, by) => ({ icon: "phone", text: t("{by} wants to be called at {number}, {time}", { by, number: data.number, time: fullTime(data.at) }), tone: "warn" }),
  WakeRequested: (data, by) => ({ icon: "siren", text: joined(t("{by} had somebody woken", { by }), data.reason), tone: "danger" }),
  TranscriptSent: (data, by) => ({ icon: "mail", text: t("{by} had the conversation sent to {address}", { by, address: data.address }) }),
  VisitorBlocked: (data, by) => ({ icon: "lock", text: joined(t("{by} blocked the visitor", { by }), data.reason), tone: "warn" }),
  VisitorUnblocked: (_data, by) => ({ icon: "lock", text: t("{by} let the visitor in again", { by }) }),
  TicketClosed: () => ({ icon: "lock", text: t("Closed") }),
  TicketMerged: (data, by) => ({
    icon: "corner-up-left", text: data.into_number ? t("{by} merged it into #{number}", { by, number: data.into_number }) : t("Merged into another ticket"), ticket: data.into,
  }),
  MergeReceived: (data, by) => ({ icon: "corner-up-left", text: t("{by} merged #{number} into it", { by, number: data.merged_number }), ticket: data.merged }),
  MergeUndone: (data, by) => ({ icon: "undo-2", text: t("{by} took apart this and #{number}", { by, number: data.other_number }), ticket: data.other }),
  TicketSplit: (data, by) => ({
    icon: "copy",
    text: data.is_new ? t("{by} split this from #{number}", { by, number: data.other_number })
      : plural("{by} moved {n} message to #{number}", "{by} moved {n} messages to #{number}", data.messages?.length ?? 1, { by, number: data.other_number }),
    ticket: data.other,
  }),
  SenderAccepted: (data, by) => ({ icon: "user-plus", text: t("{by} accepted {address} on this ticket", { by, address: data.address }), tone: "ok" }),
  MessageSplitOff: (data, by) => ({ icon: "copy", text: t("{by} gave the message a ticket of its own, #{number}", { by, number: data.into_number }), ticket: data.into }),
  SenderBlocked: (data, by) => ({ icon: "lock", text: t("{by} blocked {address}", { by, address: data.address }), tone: "warn" }),
  DeliveryRetried: (data, by) => ({ icon: "mail", text: t("{by} had the mail sent to {addresses} again", { by, addresses: (data.to ?? []).join(", ") }) }),
  AlsoReceived: data => ({ icon: "mail", text: t("The same mail came to {address} as well", { address: data.address }) }),
  FollowersChanged(data, by) {
    const added = (data.added ?? []).join(", ")
    const removed = (data.removed ?? []).join(", ")
    if (added && removed) return { icon: "users", text: t("{by} let {added} follow it instead of {removed}", { by, added, removed }) }
    return { icon: "users", text: added ? t("{added} follows it now", { added }) : t("{removed} follows it no more", { removed }) }
  },
  FollowUpOpened: data => ({
    icon: "corner-up-left", ticket: data.other,
    text: data.is_new ? t("It goes on from #{number}", { number: data.other_number }) : t("It goes on in #{number}", { number: data.other_number }),
  }),
  ReplyNotSent: data => ({ icon: "circle-alert", text: t("A held answer could not leave: {reason}", { reason: data.reason }), tone: "danger" }),
  PriorityChanged: (data, by) => ({
    icon: "flag", text: t("{by} changed the priority to P{priority} · {name}", { by, priority: data.priority, name: priorityName(data.priority) }),
  }),
  TagsChanged(data, by) {
    const added = (data.added ?? []).join(", ")
    const removed = (data.removed ?? []).join(", ")
    if (added && removed) return { icon: "tag", text: t("{by} tagged it {added} and removed {removed}", { by, added, removed }) }
    if (added) return { icon: "tag", text: t("{by} tagged it {added}", { by, added }) }
    return { icon: "tag", text: t("{by} removed the tag {removed}", { by, removed }) }
  },
  SubjectChanged: (data, by) => ({ icon: "pencil", text: t("{by} renamed it “{subject}”", { by, subject: data.subject }) }),
  TargetBreached(data, _by, event) {
    const late = data.due_at ? countdown(data.due_at, Date.parse(event.at)) : null
    const text = t("{metric} was due and is late", { metric: metricName(data.metric) })
    return { icon: "timer", text: late && late.left < -60_000 ? `${text} · ${span(-late.left)}` : text, tone: "danger" }
  },
  PlanLeftOut: data => ({ icon: "timer", text: leftOut(data.plan, data.channel) }),
  PromiseChanged(data, by) {
    const text = [because(data.because) ?? by, ...brought(data)].join(" · ")
    return { icon: "timer", text: data.due_at ? t("{what}: due {time} now", { what: text, time: fullTime(data.due_at) }) : text }
  },
  SlaStepTaken(data) {
    return { icon: "timer", text: joined(stepInWords(data.metric, data.when), stepTaken(data)), tone: "warn" }
  },
  AlertRaised: data => ({
    icon: "siren", text: data.reason ? t("Alert raised: {reason}", { reason: inWords(data.reason) }) : t("Alert raised"), tone: "danger",
  }),
  AlertNotified: data => ({
    icon: "bell-ring", text: plural("{name} was alerted by {method}", "{name} were alerted by {method}", data.rung ?? 1, { name: data.agent_name, method: methodName(data.method) }), tone: "warn",
  }),
  AlertNotificationFailed: data => ({
    icon: "circle-alert", text: t("{name} could not be reached by {method}", { name: data.agent_name, method: methodName(data.method) }), tone: "danger",
  }),
  AlertAcknowledged: data => ({ icon: "shield-check", text: t("{name} acknowledged the alert", { name: data.agent_name }), tone: "ok" }),
  AlertUnanswered: data => ({
    icon: "bell-ring", text: t("{name} acknowledged the alert, but nobody replied in time: it goes on", { name: data.agent_name }), tone: "danger",
  }),
  OnCallWoken: data => ({ icon: "phone-call", text: joined(t("The contact was told that somebody was woken"), inWords(data.reason)) }),
  AlertExhausted: () => ({ icon: "triangle-alert", text: t("Nobody answered the alert"), tone: "danger" }),
  CoverageMissing: () => ({ icon: "triangle-alert", text: t("Nobody was on call"), tone: "danger" }),
}

/** What was changed when other promises came to count. @param {string} reason */
function because(reason) {
  switch (reason) {
    case "calendar": return t("Opening hours were changed")
    case "plan": return t("The plan was changed")
    case "company": return t("The company has another plan")
    case "policy": return t("The SLA policies were changed")
    case "priority": return t("The priority was changed")
    case "tags": return t("The tags were changed")
    case "contact": return t("The contact is known now")
    case "reopened": return t("It was taken up again")
    case "unmerged": return t("The merge was undone")
    default: return null
  }
}

/** Which plan and which SLA policy count instead of which. @param {{plan?: string | null, plan_before?: string | null, policy?: string | null, policy_before?: string | null}} data */
function brought({ plan = null, plan_before = null, policy = null, policy_before = null }) {
  const named = (/** @type {string | null} */ name) => name ?? t("none")
  return [
    ...(plan === plan_before ? [] : [t("plan {name} instead of {before}", { name: named(plan), before: named(plan_before) })]),
    ...(policy === policy_before ? [] : [t("SLA policy {name} instead of {before}", { name: named(policy), before: named(policy_before) })]),
  ]
}

/** How somebody was rung. @param {string | undefined} method */
function methodName(method) {
  const names = { email: t("email"), webhook: t("webhook"), push: t("web push"), notify: t("message service") }
  return method ? /** @type {Record<string, string>} */ (names)[method] ?? method : t("message")
}

/** @param {{action?: string, agent_ids?: string[]}} data */
function stepTaken({ action, agent_ids = [] }) {
  if (action === "raise_priority") return t("the priority rises")
  if (action === "alert") return t("an alert was raised")
  if (action === "notify_assignee" && agent_ids.length === 1) return t("the assignee was told")
  return plural("{n} colleague was told", "{n} colleagues were told", agent_ids.length)
}

/** @param {string} what @param {string | undefined} why */
function joined(what, why) {
  return why ? `${what}: ${why}` : what
}
