// How one thing said looks: a message, a note, a call, or one still on its way.

import { html, useState } from "../../vendor/ui.js"
import { span } from "../countdown.js"
import { describe } from "./entries.js"
import { Avatar, Icon } from "../icons.js"
import { hands } from "../actions/actions.js"
import { sendAgain } from "../writing/answering.js"
import { MailFacts, MailMarks } from "./mail_facts.js"
import { MailFrame } from "./mail_frame.js"
import { Markdown, uploadsIn } from "../writing/markdown.js"
import { Body } from "./rich_text.js"
import { clockTime, fullTime, number, t } from "../translation.js"
import { decideSender, outbox, reasonOf } from "../actions/changes.js"
import { go } from "../route.js"
import { connection, current } from "../stores.js"

/** @import { Said, Happened } from "./timeline.js" */
/** @import { Attachment } from "../types.js" */
/** @import { Entry } from "../server/outbox.js" */

/** @param {{item: Said, continued: boolean, seen: boolean, found: boolean}} props */
export function Message({ item, continued, seen, found }) {
  if (item.kind === "call") return html`<${Call} item=${item} found=${found} />`
  const [asText, setAsText] = useState(false)
  // What stands inside the mail as its sender made it, also in what it quotes (their logo, every time), is no file beside it.
  const shown = new Set(item.original && !asText ? item.attachments.filter(file => file.content_id && isPicture(file)).map(file => file.id) : [])
  const name = item.author.name || item.sender || (item.ours ? t("Agent") : t("Visitor"))
  return html`<li class="message" data-side=${item.ours ? "ours" : "theirs"} data-kind=${item.kind} data-continued=${continued} data-unverified=${item.unverified} data-message=${item.id} data-found=${found}>
    ${!item.ours && html`<${Avatar} name=${name} size="small" />`}
    <div class="bubble-stack">
      ${!continued && html`<p class="byline"><span class="byline-name">${name}</span>
        ${item.kind === "note" && !item.forward && html`<span class="chip note"><${Icon} name="eye-off" />${t("Internal note")}</span>`}
        ${item.forward && html`<span class="chip note"><${Icon} name="arrow-right" />${t("Forwarded to {people}", { people: item.people?.to.join(", ") })}</span>`}
        <time datetime=${item.at} title=${fullTime(item.at)}>${clockTime(item.at)}</time></p>`}
      ${item.unverified && html`<${Unverified} item=${item} />`}
      ${item.forwardedBy && html`<p class="claimed"><${Icon} name="circle-alert" />${t("Passed on by {address}, who says it is from {name}. Not proven.", { address: item.forwardedBy, name: item.sender && item.sender !== item.forwardedBy ? item.sender : name })}</p>`}
      ${item.mail && html`<${MailMarks} mail=${item.mail} />`}
      ${item.folded ? html`<details class="folded"><summary>${t("Automatic mail")}</summary><${Words} item=${item} name=${name} asText=${asText} /></details>` : html`<${Words} item=${item} name=${name} asText=${asText} />`}
      <${Attachments} files=${item.attachments.filter(file => !(item.markdown ? uploadsIn(item.body) : shown).has(file.id))} />
      ${(item.mail || item.people || (item.original && item.rich)) && html`<${MailLine} item=${item} name=${name} asText=${asText} setAsText=${setAsText} />`}
      ${item.ours && (item.kind === "message" || item.forward) && html`<${Delivery} item=${item} seen=${seen} />`}
    </div>
  </li>`
}

/** A mail as its sender made it where that says more than its words; its words are one click away. @param {{item: Said, name: string, asText: boolean}} props */
function Words({ item, name, asText }) {
  if (!item.body && !item.original && item.attachments.length) return null
  if (item.markdown) return html`<div class="bubble"><${Markdown} text=${item.body} files=${item.attachments} /></div>`
  if (!item.original || !item.rich || asText) return html`<div class="bubble"><${Body} body=${item.body} quoted=${item.quoted} /></div>`
  return html`<${MailFrame} address=${item.original} name=${name} />`
}

/** Somebody wrote who is not on the ticket: nobody but agents sees it until one of them decides. @param {{item: Said}} props */
function Unverified({ item }) {
  const [asking, ask] = useState(false)
  const ticket = current.value?.id
  const decide = async (/** @type {"accept" | "split" | "block"} */ verdict) => {
    ask(true)
    if (ticket) await decideSender(ticket, item.id, verdict)
    ask(false)
  }
  const open = !item.decided
  const ofStaff = Boolean(item.mail?.flags.includes("unverified_staff"))
  return html`<div class="unverified" role="group" aria-label=${t("Unverified sender")}>
    <p class="unverified-text"><${Icon} name="circle-alert" /><span><strong>${ofStaff ? t("From an agent's address, and not sent.") : item.sender ? t("Unverified sender: {address} is not on this ticket.", { address: item.sender }) : t("Unverified sender: not on this ticket.")}</strong>
      ${open && html` <span>${t("The contact does not see this message.")}${ofStaff && ` ${t("Put what may leave into an answer.")}`}</span>`}
      ${item.decided === "split" && html` <span>${t("It went on as a ticket of its own.")}</span>`}
      ${item.decided === "blocked" && html` <span>${t("The address is blocked.")}</span>`}</span></p>
    ${open && !ofStaff && html`<div class="unverified-choices">
      <button type="button" class="button" disabled=${asking} onClick=${() => decide("accept")} title=${t("Show it to the contact, and let this sender follow the ticket")}>${t("Accept")}</button>
      <button type="button" class="button" disabled=${asking} onClick=${() => decide("split")} title=${t("Give it a ticket of its own")}>${t("Split off")}</button>
      <button type="button" class="button" disabled=${asking} onClick=${() => decide("block")} title=${t("Take no more mail from this address")}>${t("Block")}</button></div>`}
  </div>`
}

/** What stands on a mail besides its words, and what can be done with it. @param {{item: Said, name: string, asText: boolean, setAsText: (asText: boolean) => void}} props */
function MailLine({ item, name, asText, setAsText }) {
  const [opened, open] = useState(false)
  const copies = [...(item.people?.cc ?? []), ...(item.people?.bcc ?? []).map(one => t("{address} (blind)", { address: one }))]
  return html`<p class="mail-actions">
    ${item.people && !item.forward && html`<span>${t("To {people}", { people: item.people.to.join(", ") })}${copies.length > 0 && ` · ${t("Copy to {people}", { people: copies.join(", ") })}`}</span>`}
    ${item.original && item.rich && html`<button type="button" class="link" aria-pressed=${asText} onClick=${() => setAsText(!asText)}>${asText ? t("Show as it was designed") : t("Show as plain text")}</button>`}
    ${item.original && !item.rich && html`<${Original} address=${item.original} name=${name} />`}
    ${!item.unverified && item.kind === "message" && html`<button type="button" class="link" onClick=${() => hands.forward({ id: item.id, name, files: item.attachments })}>${t("Forward")}</button>`}
    ${item.mail && html`<a class="link" title=${t("The mail as it came, byte by byte")} href=${`/api/v1/messages/${item.id}/original`} download=${`${item.id}.eml`}>${t("Original (.eml)")}</a>`}
    ${item.mail && html`<button type="button" class="link" aria-expanded=${opened} onClick=${() => open(!opened)}>${opened ? t("Hide details") : t("Details")}</button>`}</p>
    ${opened && item.mail && html`<${MailFacts} mail=${item.mail} />`}`
}

/** @param {{address: string, name: string}} props */
function Original({ address, name }) {
  const [shown, show] = useState(false)
  return html`<button type="button" class="link" aria-expanded=${shown} onClick=${() => show(!shown)}>${shown ? t("Hide original") : t("Show original")}</button>
    ${shown && html`<${MailFrame} address=${address} name=${name} />`}`
}

/** @param {{item: Said, seen: boolean}} props */
function Delivery({ item, seen }) {
  const [asking, ask] = useState(false)
  const ticket = current.value?.id
  const again = async () => {
    ask(true)
    if (ticket) await sendAgain(ticket, item.id)
    ask(false)
  }
  if (item.delivery === "failed") {
    const reason = item.failure || t("refused")
    return html`<p class="delivery" data-tone="danger"><${Icon} name="circle-alert" /><span>${item.bounced ? t("It came back: {reason}", { reason }) : t("Not delivered: {reason}", { reason })}
      <button type="button" class="link" disabled=${asking} onClick=${again}>${item.unreached?.length ? t("Send again to {people}", { people: item.unreached.join(", ") }) : t("Send again")}</button></span></p>`
  }
  if (item.delivery === "again") return html`<p class="delivery" role="status"><${Icon} name="clock" />${t("Being sent again")}</p>`
  if (item.delivery === "waiting") return html`<p class="delivery" data-tone="danger" role="status"><${Icon} name="clock" />${t("Waiting: no mail server is set")}</p>`
  if (item.report) return html`<${Report} report=${item.report} />`
  if (seen) return html`<p class="delivery"><${Icon} name="check-check" />${t("Seen")}</p>`
  if (item.delivery === "handed_over") return html`<p class="delivery"><${Icon} name="check-check" />${t("Delivered to the mail server")}</p>`
  return null
}

/** What a receiving server or program said of it. @param {{report: {what: string, people: string, reason: string}}} props */
function Report({ report: { what, people, reason } }) {
  const { icon, tone, words } = {
    read: { icon: "check-check", tone: undefined, words: t("Read by {people}", { people }) },
    delayed: { icon: "clock", tone: "soon", words: t("Delayed: the server of {people} has not taken it yet", { people }) },
    held_up: { icon: "clock", tone: "soon", words: t("It has not left yet: the mail server does not take it. It is tried again.") },
    complaint: { icon: "circle-alert", tone: "danger", words: t("{people} marked it as spam", { people }) },
  }[what] ?? { icon: "circle-alert", tone: undefined, words: t("Their server says: {reason}", { reason }) }
  return html`<p class="delivery told" data-tone=${tone} title=${reason}><${Icon} name=${icon} /><span>${words}</span></p>`
}

/** @param {{item: Said, found: boolean}} props */
function Call({ item, found }) {
  const call = item.call ?? {}
  const title = call.direction === "outbound"
    ? call.answered ? t("Outgoing call") : t("Outgoing call, not answered")
    : call.answered ? t("Incoming call") : t("Missed call")
  const icon = !call.answered ? "phone-missed" : call.direction === "outbound" ? "phone-outgoing" : "phone-incoming"
  return html`<li class="call" data-message=${item.id} data-found=${found}>
    <span class="call-icon" data-missed=${!call.answered}><${Icon} name=${icon} /></span>
    <div class="call-text">
      <p class="byline"><span class="byline-name">${title}</span>
        ${call.caller && html`<a href=${`tel:${call.caller}`}>${call.caller}</a>`}
        ${call.duration ? html`<span>${span(call.duration * 1000)}</span>` : null}
        <time datetime=${item.at} title=${fullTime(item.at)}>${clockTime(item.at)}</time></p>
      ${item.body && html`<${Body} body=${item.body} />`}
      ${call.callback_at && html`<p class="callback"><${Icon} name="calendar-clock" />${t("Call back {time}", { time: fullTime(call.callback_at) })}</p>`}
      <p class="call-by">${call.began_at
        ? t("Logged by {name}, the call was {time}", { name: item.author.name ?? t("The system"), time: fullTime(call.began_at) })
        : t("Logged by {name}", { name: item.author.name ?? t("The system") })}</p>
    </div>
  </li>`
}

/** @param {{item: Happened}} props */
export function EntryLine({ item }) {
  const line = describe(item.event)
  if (!line) return null
  return html`<li class="entry" data-tone=${line.tone}><${Icon} name=${line.icon} /><span class="entry-text">${line.text}${line.ticket && line.ticket !== current.value?.id && html` <button type="button" class="link" onClick=${() => go({ ticket: line.ticket })}>${t("Open ticket")}</button>`}</span>
    <time datetime=${item.at} title=${fullTime(item.at)}>${clockTime(item.at)}</time></li>`
}

/** Written, kept, not yet acknowledged. @param {{entry: Entry}} props */
export function Unsent({ entry }) {
  const state = connection.state.value
  const waiting = entry.state === "sending" && state !== "live" && state !== "polling"
  return html`<li class="message unsent" data-side="ours" data-kind=${entry.kind} data-state=${entry.state}>
    <div class="bubble-stack">
      ${entry.body && html`<div class="bubble">${entry.mail ? html`<${Markdown} text=${entry.body} files=${entry.uploads} />` : html`<div class="said">${entry.body}</div>`}</div>`}
      <${Attachments} files=${entry.uploads.filter(file => !entry.mail || !uploadsIn(entry.body).has(file.id))} />
      <p class="delivery" data-tone=${entry.state === "failed" ? "danger" : undefined} role="status">
        ${entry.state === "failed"
          ? html`<${Icon} name="circle-alert" />${t("Not sent: {reason}", { reason: reasonOf(entry.error) })}
            <button type="button" class="link" onClick=${() => outbox.retry(entry.client_id)}>${t("Try again")}</button>
            <button type="button" class="link" onClick=${() => outbox.discard(entry.client_id)}>${t("Discard")}</button>`
          : entry.state === "sent" ? html`<${Icon} name="check" />${t("Sent")}`
          : waiting ? html`<${Icon} name="clock" />${t("Not sent yet. It goes by itself.")}`
          : html`<${Icon} name="clock" />${t("Sending")}`}
      </p>
    </div>
  </li>`
}

/** @param {{files: Attachment[]}} props */
function Attachments({ files }) {
  if (!files.length) return null
  return html`<ul class="attachments">${files.map(file => html`<li key=${file.id}>
    ${isPicture(file)
      ? html`<a class="picture" href=${file.url} target="_blank" rel="noopener"><img src=${file.url} alt=${file.name} loading="lazy" decoding="async" /></a>`
      : html`<a class="file" href=${file.url} target="_blank" rel="noopener" download=${file.name}><${Icon} name="file-text" />
        <span class="file-name">${file.name}</span><span class="file-size">${sizeText(file.size)}</span></a>`}
  </li>`)}</ul>`
}

/** @param {Attachment} file */
export function isPicture(file) {
  return Boolean(file.url) && /^image\/(png|jpeg|gif|webp|avif)$/.test(file.content_type)
}

/** @param {number} bytes */
export function sizeText(bytes) {
  if (bytes < 1000) return `${bytes} B`
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "kB"] : [bytes / 1e6, "MB"]
  return `${number(Math.round(value * 10) / 10)} ${unit}`
}

