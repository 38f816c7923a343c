// What the server's words for priorities, targets and channels are called on screen.

import { t } from "./translation.js"

/** @param {number} priority */
export function priorityName(priority) {
  return [t("Critical"), t("High"), t("Normal"), t("Low"), t("Planned")][priority - 1] ?? ""
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

/** That the company's own plan is not what a ticket goes by. @param {string} plan @param {string | undefined} channel */
export function leftOut(plan, channel) {
  return t("{plan} does not include {channel}", { plan, channel: channelName(channel) })
}

/** @param {import("./types.js").Status} status */
export function statusWord(status) {
  return { open: t("Open"), pending: t("Waiting for reply"), snoozed: t("Snoozed"), resolved: t("Resolved"), closed: t("Closed"), merged: t("Merged") }[status]
}
