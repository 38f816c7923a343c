// Why an alert came, in its reader's language: the reasons the helpdesk itself records; any other as it was given.

import { metricName } from "./naming.js"
import { plural, t } from "./translation.js"

const PLAN = /^P1 outside staffed hours, plan (.+)$/
const OVERLOAD = /^Overload: tickets late: (\d+), agents online: (\d+)$/
const STEP = /^(first response|next response|resolution|update|callback) (\d+ %|[-+]\d+ min)$/
const ADVICE = "Whoever asks for the next ticket gets one that can still be met; now and then it is one of the late ones. More hands on the queue end it."

/** @param {string | undefined | null} recorded */
export function isOverload(recorded) {
  return OVERLOAD.test(recorded ?? "")
}

/** A reason, a subject or a body as an alert carries it. @param {string | undefined | null} recorded */
export function inWords(recorded) {
  const said = recorded ?? ""
  const [, plan] = PLAN.exec(said) ?? []
  if (plan) return t("P1 outside staffed hours, plan {plan}", { plan })
  const [, late, online] = OVERLOAD.exec(said) ?? []
  if (late) return plural("Overload: {late} are late, {n} agent is online. What can still be met goes first.", "Overload: {late} are late, {n} agents are online. What can still be met goes first.", Number(online), { late })
  const [, metric, when] = STEP.exec(said) ?? []
  if (metric) return stepInWords(metric.replace(" ", "_"), when)
  switch (said) {
    case "Nobody has taken this chat": return t("Nobody has taken this chat")
    case "A promise is about to be missed": return t("A promise is about to be missed")
    case ADVICE: return t("Whoever asks for the next ticket gets one that can still be met; now and then it is one of the late ones. More hands on the queue end it.")
    default: return said
  }
}

/** @param {string} metric @param {string | undefined} when `80 %` of the time, `-30 min` or `+10 min` of the due time */
export function stepInWords(metric, when) {
  return t("{metric}, {moment}", { metric: metricName(metric), moment: momentOf(when) })
}

function momentOf(when = "") {
  const amount = when.replace(/[^\d]/g, "")
  if (when.endsWith("%")) return t("{share} % of the time used", { share: amount })
  return when.startsWith("-")
    ? plural("{n} minute before it is due", "{n} minutes before it is due", Number(amount))
    : plural("{n} minute late", "{n} minutes late", Number(amount))
}
