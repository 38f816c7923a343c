// One line of the timeline for each thing that happened between the messages.

import { countdown, span } from "./countdown.js"
import { fullTime, t } from "./translation.js"
import { priorityName } from "./actions.js"

/** @import { TicketEvent } from "./types.js" */
/** @typedef {{icon: string, text: string, tone?: "danger" | "warn" | "ok"}} Line */

/** @param {TicketEvent} event @returns {Line | null} null for what this version does not know */
export function describe(event) {
  return LINES[event.name]?.(event.data ?? {}, event.by?.name || t("The system"), event) ?? null
}

/** @type {Record<string, (data: any, by: string, event: TicketEvent) => Line | null>} */
const LINES = {
  TicketOpened: data => ({ icon: "inbox", text: t("Ticket opened by {channel}", { channel: channelName(data.channel) }) }),
  TicketAssigned(data, by, event) {
    if (!data.assignee_id) return { icon: "inbox", text: t("{by} put it back in the queue", { by }) }
    if (data.reason === "claim") return { icon: "user-check", text: t("{name} took it from the queue", { name: data.assignee_name }) }
    if (data.reason === "reply" || data.assignee_id === event.by?.id) {
      return { icon: "user-check", text: t("{name} took it", { name: data.assignee_name }) }
    }
    return { icon: "user-plus", text: t("{by} assigned it to {name}", { by, name: data.assignee_name }) }
  },
  TeamChanged: (data, by) => ({ icon: "users", text: t("{by} moved it to {team}", { by, team: data.team_name ?? t("no team") }) }),
  TicketSnoozed: (data, by) => ({ icon: "alarm-clock", text: t("{by} snoozed it until {time}", { by, time: fullTime(data.until) }) }),
  TicketWoken: () => ({ icon: "bell", text: t("It woke up") }),
  TicketResolved: (_data, by) => ({ icon: "circle-check", text: t("{by} resolved it", { by }), tone: "ok" }),
  TicketReopened: (_data, by) => ({ icon: "rotate-ccw", text: t("{by} opened it again", { by }) }),
  TicketClosed: () => ({ icon: "lock", text: t("Closed") }),
  TicketMerged: () => ({ icon: "corner-up-left", text: t("Merged into another ticket") }),
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
  AlertRaised: data => ({
    icon: "siren", text: data.reason ? t("Alert raised: {reason}", { reason: data.reason }) : t("Alert raised"), tone: "danger",
  }),
  AlertNotified: data => ({
    icon: "bell-ring", text: t("{name} was alerted by {method}", { name: data.agent_name, method: data.method ?? t("message") }), tone: "warn",
  }),
  AlertNotificationFailed: data => ({
    icon: "circle-alert", text: t("{name} could not be reached by {method}", { name: data.agent_name, method: data.method }), tone: "danger",
  }),
  AlertAcknowledged: data => ({ icon: "shield-check", text: t("{name} acknowledged the alert", { name: data.agent_name }), tone: "ok" }),
  AlertExhausted: () => ({ icon: "triangle-alert", text: t("Nobody answered the alert"), tone: "danger" }),
  CoverageMissing: () => ({ icon: "triangle-alert", text: t("Nobody was on call"), tone: "danger" }),
}

/** @param {string | undefined} metric */
export function metricName(metric) {
  return {
    first_response: t("First response"), next_response: t("Next response"), resolution: t("Resolution"), update: t("Update"), callback: t("Callback"),
  }[metric ?? ""] ?? metric ?? t("Target")
}

/** @param {string | undefined} channel */
export function channelName(channel) {
  return { chat: t("chat"), email: t("email"), phone: t("phone"), api: t("API") }[channel ?? ""] ?? channel ?? ""
}
