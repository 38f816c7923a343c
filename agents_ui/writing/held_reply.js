// An answer that is written and has not left: when it goes, and the way back to the composer until then.

import { html } from "../../vendor/ui.js"
import { callBack, sendNow } from "./answering.js"
import { Icon } from "../icons.js"
import { statusWord } from "../naming.js"
import { Markdown } from "./markdown.js"
import { now, tick } from "../server/server_time.js"
import { me } from "../stores.js"
import { fullTime, plural, t } from "../translation.js"

/** @import { HeldReply as Held, Ticket } from "../types.js" */

/** @param {{ticket: Ticket, held: Held}} props */
export function HeldReply({ ticket, held }) {
  tick.value
  const seconds = Math.ceil((Date.parse(held.send_at) - now()) / 1000)
  const failed = held.state === "failed"
  const soon = seconds < 60
  const mine = held.agent.id === me.id
  const forward = held.mail.way === "forward"
  const files = held.files + (held.mail.files?.length ?? 0)
  return html`<li class="message unsent held" data-side="ours" data-kind=${forward ? "note" : "message"} data-state=${failed ? "failed" : "sending"}>
    <div class="bubble-stack">
      ${(!mine || held.mail.way) && html`<p class="byline">${!mine && html`<span class="byline-name">${held.agent.name}</span>`}
        ${forward && html`<span class="chip note"><${Icon} name="arrow-right" />${t("Forward to {people}", { people: held.mail.to?.join(", ") })}</span>`}
        ${held.mail.way === "follow_up" && html`<span class="chip note"><${Icon} name="corner-up-left" />${t("Follow-up: it goes on in a new ticket")}</span>`}</p>`}
      <div class="bubble">${!held.body ? t("The message, without words of yours") : held.mail.format === "markdown" ? html`<${Markdown} text=${held.body} />` : html`<div class="said">${held.body}</div>`}
        ${files > 0 && html`<p class="held-files"><${Icon} name="paperclip" />${plural("{n} file", "{n} files", files)}</p>`}</div>
      ${(held.tags.length > 0 || held.then) && html`<p class="held-then"><span class="visually-hidden">${t("When it is sent:")}</span>
        ${held.tags.map(tag => html`<span class="chip" key=${tag}><${Icon} name="tag" />${tag}</span>`)}
        ${held.then && html`<span class="chip"><${Icon} name=${held.then === "resolved" ? "check" : "arrow-right"} />${statusWord(held.then)}</span>`}</p>`}
      <p class="delivery" data-tone=${failed ? "danger" : undefined} role="status">
        ${failed ? html`<${Icon} name="circle-alert" /><span>${t("Not sent: {reason}", { reason: held.reason })}</span>`
          : html`<${Icon} name="clock" /><span>${seconds <= 0 ? t("Leaving now") : soon ? plural("Leaves in {n} second", "Leaves in {n} seconds", seconds) : t("Leaves {time}", { time: fullTime(held.send_at) })}</span>`}
        ${(mine || !soon || failed) && html`<button type="button" class="link" onClick=${() => callBack(ticket.id, held.id)}>${soon && !failed ? t("Undo") : t("Take back and edit")}</button>`}
        ${(!soon || failed) && html`<button type="button" class="link" onClick=${() => sendNow(ticket.id, held.id)}>${failed ? t("Try again") : t("Send now")}</button>`}
      </p></div></li>`
}
