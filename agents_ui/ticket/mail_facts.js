// What a mail says besides its words: whom it went to, whether its sender is proven, how it was protected, the meeting it calls.

import { html } from "../../vendor/ui.js"
import { Icon } from "../icons.js"
import { go } from "../route.js"
import { clockTime, dayKey, fullTime, t, time } from "../translation.js"
import { Protection } from "./mail_signature.js"

/**
 * @typedef {object} Received a mail that came in
 * @property {string} from
 * @property {string[]} replyTo where its writer wishes answers to go
 * @property {string} subject
 * @property {string[]} to
 * @property {string[]} cc
 * @property {string | null} sentAt
 * @property {"pass" | "none" | "fail"} proof
 * @property {string} provenBy
 * @property {string[]} flags
 * @property {string} [protection] signed or encrypted
 * @property {import("./mail_signature.js").Signature} [signature] of the whole mail
 * @property {string} [related] the ticket it may belong to
 * @property {Invitation} [invitation]
 */
/** @typedef {{method: string, summary: string, place: string, organiser: string, starts: string, ends: string, repeats: boolean}} Invitation */

/** @param {any} mail as an event has it @returns {Received | undefined} */
export function received(mail) {
  if (!mail?.raw) return undefined
  return {
    from: mail.sender ?? "", replyTo: mail.reply_to ?? [], subject: mail.subject ?? "", to: mail.to ?? [], cc: mail.cc ?? [], sentAt: mail.sent_at ?? null, proof: mail.proof ?? "none",
    provenBy: mail.proven_by ?? "", flags: mail.flags ?? [], protection: mail.protection, signature: mail.signature, related: mail.related, invitation: mail.invitation,
  }
}

/** What must be seen without asking. @param {{mail: Received}} props */
export function MailMarks({ mail }) {
  const isForged = mail.proof === "fail" || mail.flags.includes("forged_carrier")
  return html`${isForged && html`<p class="claimed"><${Icon} name="triangle-alert" />${mail.proof === "fail"
      ? t("The sender's domain says that this mail is not from there.")
      : t("This mail names a ticket with a mark that is not ours.")}</p>`}
    ${mail.flags.includes("flooding") && html`<p class="claimed"><${Icon} name="triangle-alert" />${t("Very many mails from this sender: automatic answers are muted.")}</p>`}
    ${mail.related && html`<p class="mail-mark"><${Icon} name="corner-up-left" /><span>${mail.flags.includes("follow_up") ? t("It answers a ticket that was closed long ago.") : t("It may belong to another ticket.")}
      <button type="button" class="link" onClick=${() => go({ ticket: mail.related })}>${t("Open ticket")}</button></span></p>`}
    <${Protection} protection=${mail.protection} signature=${mail.signature} />
    ${mail.invitation && html`<${Meeting} meeting=${mail.invitation} />`}`
}

/** @param {{meeting: Invitation}} props */
function Meeting({ meeting }) {
  return html`<div class="meeting"><${Icon} name="calendar-clock" /><div>
    <p class="meeting-kind">${kindOf(meeting)}</p>
    <p class="meeting-name">${meeting.summary || t("A meeting")}</p>
    ${meeting.starts && html`<p>${spanOf(meeting)}${meeting.repeats && ` · ${t("repeats")}`}</p>`}
    ${meeting.place && html`<p>${meeting.place}</p>`}
    ${meeting.organiser && html`<p>${t("Called by {name}", { name: meeting.organiser })}</p>`}
  </div></div>`
}

/** @param {Invitation} meeting */
function kindOf(meeting) {
  return {
    request: t("Invitation"), cancel: t("Meeting called off"), reply: t("Answer to an invitation"), counter: t("Another time is proposed"), declinecounter: t("The other time is declined"),
  }[meeting.method] ?? t("A date")
}

/** In the reader's own zone; a date alone is a whole day, and its end the day after. @param {Invitation} meeting */
export function spanOf({ starts, ends }) {
  if (!starts.includes("T")) {
    const day = (/** @type {number} */ at) => time(at, { timeZone: "UTC", weekday: "short", day: "numeric", month: "long", year: "numeric" })
    const first = Date.parse(starts)
    const last = ends ? Date.parse(ends) - 86_400_000 : first
    return last > first ? `${day(first)} – ${day(last)}` : day(first)
  }
  if (!ends) return fullTime(starts)
  return `${fullTime(starts)} – ${dayKey(starts) === dayKey(ends) ? clockTime(ends) : fullTime(ends)}`
}

/** @param {{mail: Received}} props */
export function MailFacts({ mail }) {
  const lines = [
    [t("From"), mail.from], [t("Answers to"), mail.replyTo.join(", ")], [t("To"), mail.to.join(", ")], [t("Cc"), mail.cc.join(", ")], [t("Subject"), mail.subject],
    [t("Sent"), mail.sentAt && fullTime(mail.sentAt)], [t("Sender"), proofOf(mail)],
  ].filter(([, value]) => value)
  return html`<dl class="mail-facts">${lines.map(([label, value]) => html`<div key=${label}><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** @param {Received} mail */
function proofOf(mail) {
  const [how, domain = ""] = mail.provenBy.split(" ")
  if (mail.proof === "pass") return t("Proven by {method} for {domain}", { method: (how || "DKIM").toUpperCase(), domain })
  return mail.proof === "fail" ? t("Disowned by its domain ({method})", { method: (how || "DMARC").toUpperCase() }) : t("Not proven: anybody can write this name")
}
