// The conversation on screen: greeting, days, groups of lines, what waits and what went wrong.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/ui.js"
import { fileSize, initials, linked, withoutOffers } from "./text.js"
import { answering, grouped } from "./thread.js"
import { clockTime, dayName, moment, t } from "./translation.js"

/** @import { Chat } from "./chat.js" */
/** @import { Attachment } from "./outbox.js" */
/** @import { Line, Group } from "./thread.js" */

const NOTICE = /** @type {Record<string, string>} */ ({
  TicketResolved: "This conversation was marked as solved",
  TicketReopened: "This conversation is open again",
  TicketClosed: "This conversation is closed",
  OnCallWoken: "Somebody was woken for this",
  CallbackRequested: "You asked for a call: {when}",
})
const REASON = /** @type {Record<string, string>} */ ({
  too_large: "It is too long.",
  too_many: "That was a lot at once. Please wait a little.",
  blocked: "Please write us a mail instead.",
})

/** @param {{ chat: Chat, now: Date, later: any }} props `later` draws what is loaded when it is needed */
export function Messages({ chat, now, later }) {
  const lines = chat.lines.value
  const inbox = chat.session.value?.inbox
  const log = useRef(/** @type {HTMLElement | null} */ (null))
  const atEnd = useRef(true)
  const height = useRef(0)
  useLayoutEffect(() => {
    const box = log.current
    if (box && (atEnd.current || lines[lines.length - 1]?.waiting)) box.scrollTop = box.scrollHeight
  })
  useEffect(() => { atEnd.current = true }, [chat.current.value])
  useEffect(() => { // a form opened below, or a keyboard
    const box = /** @type {HTMLElement} */ (log.current)
    const room = new ResizeObserver(() => {
      height.current = box.clientHeight
      if (atEnd.current) box.scrollTop = box.scrollHeight
    })
    room.observe(box)
    return () => room.disconnect()
  }, [])
  const scrolled = () => {
    const box = log.current
    if (box?.clientHeight === height.current) atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 60
  }
  const groups = grouped(lines)
  const lastMine = lines.findLast(line => line.mine && !line.waiting)
  return html`
    <div class="messages" ref=${log} onScroll=${scrolled} tabindex="0" role="region" aria-label=${t("Conversation")}>
      <div role="log" aria-live="polite" aria-relevant="additions">
        ${inbox && (inbox.greeting || !lines.length) && html`<${Greeting} name=${inbox.name} text=${inbox.greeting || t("Hello! How can we help?")} />`}
        ${groups.map(group => html`<${GroupOfLines} key=${group.key} ...${{ chat, group, now, lastMine, name: inbox?.name }} />`)}
      </div>
      <${AfterTheLast} chat=${chat} now=${now} later=${later} />
      <${Typing} chat=${chat} />
    </div>`
}

/** @param {{ name: string, text: string }} props */
function Greeting({ name, text }) {
  return html`
    <div class="group">
      <${Avatar} name=${name} />
      <div class="lines"><div class="bubble"><${Text} text=${text} /></div></div>
    </div>`
}

/** @param {{ chat: Chat, group: Group, now: Date, lastMine?: Line, name?: string }} props */
function GroupOfLines({ chat, group, now, lastMine, name }) {
  const day = group.day && html`<p class="day"><span>${dayName(group.day, now)}</span></p>`
  if (group.notice) {
    const [{ at, text }] = group.lines
    return html`${day}<p class="notice">${t(NOTICE[group.notice], { when: text && moment(new Date(text), now) })} · <${Time} at=${at} /></p>`
  }
  const last = group.lines[group.lines.length - 1]
  const author = group.author.name || name || ""
  return html`
    ${day}
    <div class=${group.mine ? "group mine" : "group"}>
      ${!group.mine && html`<${Avatar} name=${author} picture=${group.author.picture} />`}
      <div class="lines">
        ${group.lines.map(line => html`<${Bubble} key=${line.key} line=${line} previews=${chat.previews} missing=${() => chat.freshen(true)} from=${group.mine ? t("You") : author} />`)}
        ${last.waiting
          ? html`<${Waiting} chat=${chat} line=${last} />`
          : html`<p class="meta">${!group.mine && html`${author} · `}<${Time} at=${last.at} />${last === lastMine && html` · <${Receipt} chat=${chat} line=${last} />`}</p>`}
      </div>
    </div>`
}

/** @param {{ line: Line, from: string, previews: Map<string, string>, missing: () => void }} props */
function Bubble({ line, from, previews, missing }) {
  const pictures = line.attachments.filter(file => file.url && file.content_type.startsWith("image/"))
  const files = line.attachments.filter(file => !pictures.includes(file))
  return html`
    <div class=${line.waiting ? "bubble waiting" : "bubble"}>
      <span class="unseen">${t("{name}:", { name: from })} </span>
      <${Text} text=${line.mine ? line.text : withoutOffers(line.text)} />
      ${pictures.map(file => html`
        <a class="picture" key=${file.id} href=${file.url} target="_blank" rel="noopener noreferrer"><img src=${previews.get(file.id) ?? file.url} alt=${file.name} loading="lazy" onError=${missing} /></a>`)}
      ${files.map(file => html`<${FileLink} key=${file.id} file=${file} />`)}
    </div>`
}

/** @param {{ file: Attachment }} props */
function FileLink({ file }) {
  const inside = html`<span class="file-name">${file.name}</span> <span class="file-size">${fileSize(file.size)}</span>`
  return file.url
    ? html`<a class="file" href=${file.url} target="_blank" rel="noopener noreferrer">${inside}</a>`
    : html`<span class="file">${inside}</span>`
}

/** Text nodes and links only: a stranger wrote this. @param {{ text: string }} props */
function Text({ text }) {
  return linked(text).map(part => part.href
    ? html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow ugc">${part.text}</a>`
    : part.text)
}

/** @param {{ chat: Chat, line: Line }} props */
function Receipt({ chat, line }) {
  const seen = chat.threads.get(chat.current.value ?? "")?.seen.value ?? 0
  return html`<span class="receipt">${seen >= line.version ? t("Seen") : t("Sent")}</span>`
}

/** @param {{ chat: Chat, line: Line }} props */
function Waiting({ chat, line }) {
  const item = /** @type {import("./outbox.js").Waiting} */ (line.waiting)
  if (item.state === "failed") {
    return html`
      <div class="meta failed" role="alert">
        <span>${t("Not sent.")} ${t(REASON[item.error ?? ""] ?? "")}</span>
        <button type="button" class="link" onClick=${() => chat.retry(item.client_id)}>${t("Try again")}</button>
        <button type="button" class="link" onClick=${() => chat.discard(item.client_id)}>${t("Delete")}</button>
      </div>`
  }
  const online = chat.status.value === "online" || chat.status.value === "polling" || chat.status.value === "connecting"
  return html`<p class="meta">${online ? t("Sending…") : t("Not sent yet. It will be sent by itself.")}</p>`
}

/** @param {{ at: string }} props */
function Time({ at }) {
  return html`<time datetime=${at}>${clockTime(new Date(at))}</time>`
}

/** The picture an agent has chosen, or initials. @param {{ name: string, picture?: string }} props */
export function Avatar({ name, picture }) {
  const [missing, miss] = useState("")
  return picture && picture !== missing
    ? html`<img class="avatar" src=${picture} alt="" onError=${() => miss(picture)} />`
    : html`<span class="avatar" aria-hidden="true">${initials(name)}</span>`
}

/** Dots for the eye at once, words for the ear at most every ten seconds. @param {{ chat: Chat }} props */
function Typing({ chat }) {
  const typing = chat.typing.value?.ticket === chat.current.value ? chat.typing.value : null
  const [said, say] = useState("")
  const last = useRef(0)
  useEffect(() => {
    if (!typing) return say("")
    if (Date.now() - (last.current ?? 0) < 10_000) return
    last.current = Date.now()
    say(t("{name} is writing", { name: typing.name || t("Support") }))
  }, [typing])
  return html`
    <p class="unseen" role="status">${said}</p>
    ${typing && html`<div class="group typing" aria-hidden="true"><${Avatar} name=${typing.name} picture=${chat.lines.value.findLast(line => line.author.name === typing.name)?.author.picture} /><span class="bubble"><i></i><i></i><i></i></span></div>`}`
}

/** Nobody there, or nobody yet: what happens next, and a way to be reached. @param {{ chat: Chat, now: Date, later: any }} props */
function AfterTheLast({ chat, now, later: Later }) {
  const session = chat.session.value
  const last = chat.lines.value.findLast(line => line.notice !== "CallbackRequested")
  if (!session || !last?.mine || last.waiting) return null
  const { next_opening } = session.inbox
  const open = session.inbox.open || answering(chat.lines.value, now)
  const waits = now.getTime() - Date.parse(last.at) > 90_000
  if (open && !waits) return null
  const back = next_opening ? moment(new Date(next_opening), now) : null
  const email = session.contact?.email
  return html`
    <section class="card" aria-label=${t("While you wait")}>
      ${!open && html`<p>${back ? t("Nobody is here right now. We answer from {when}.", { when: back }) : t("Nobody is here right now. We answer as soon as we are back.")}</p>`}
      ${email
        ? html`<p class="quiet">${t("If you leave, the answer also goes to {email}.", { email })}</p>`
        : html`<${Later} part="Address" lead=${open ? t("This takes a little longer. Where may we write if you leave?") : t("Where may we write?")} />`}
    </section>`
}
