// The whole window: three panes on a desk, one page at a time on a phone.

import { html, signal, useEffect, useState } from "../vendor/ui.js"
import { hands } from "./actions/actions.js"
import { OpenAlerts } from "./alert_lines.js"
import { Dialogs } from "./actions/dialogs.js"
import { Icon } from "./icons.js"
import { Nav } from "./nav.js"
import { AwayBanner, ConnectionBanner, FormOnlyBanner, MailBanner, OverloadBanner, Toasts, UnsentBanner } from "./notices.js"
import { QueueList } from "./queue/queue_list.js"
import { route } from "./route.js"
import { remember, remembered } from "./server/storage.js"
import { t } from "./translation.js"
import { current } from "./stores.js"

const THEME = "helpdesk.theme"

/** The thread and all that belongs to it comes after the list is on screen. */
const Thread = signal(/** @type {any} */ (null))

export function Frame() {
  const [navOpen, setNavOpen] = useState(false)
  const { ticket, details } = route.value
  const store = current.value
  useEffect(() => {
    import("./ticket/thread.js").then(part => { Thread.value = part.Thread })
    hands.toggleTheme = toggleTheme
  }, [])
  useEffect(() => {
    if (ticket && matchMedia("(max-width: 719px)").matches) document.getElementById("thread-title")?.focus()
  }, [ticket])
  return html`<div class="frame" data-page=${details ? "details" : ticket ? "thread" : "list"}>
    <div class="top"><${ConnectionBanner} /><${MailBanner} /><${UnsentBanner} /><${AwayBanner} /><${OverloadBanner} /><${FormOnlyBanner} /><${OpenAlerts} /></div>
    <div class="panes">
      <${Nav} open=${navOpen} close=${() => setNavOpen(false)} />
      ${navOpen && html`<div class="scrim" onClick=${() => setNavOpen(false)}></div>`}
      <${QueueList} openNav=${() => setNavOpen(true)} />
      ${ticket && store && Thread.value ? html`<${Thread.value} key=${store.id} store=${store} />` : html`<${NothingOpen} />`}
      <${Toasts} />
    </div>
    <${Dialogs} />
  </div>`
}

function NothingOpen() {
  return html`<main class="thread-pane nothing-open"><div class="empty"><${Icon} name="inbox" /><h2>${t("No ticket is open")}</h2>
    <p>${t("Choose one from the list, or take the next.")}</p>
    <dl class="hints"><div><dt>${t("Take the next")}</dt><dd><kbd>C</kbd></dd></div><div><dt>${t("Down and up")}</dt><dd><kbd>J</kbd> <kbd>K</kbd></dd></div>
      <div><dt>${t("Open ticket")}</dt><dd><kbd>O</kbd></dd></div><div><dt>${t("All keys")}</dt><dd><kbd>?</kbd></dd></div></dl></div></main>`
}

function toggleTheme() {
  const root = document.documentElement
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches
  root.dataset.theme = dark ? "light" : "dark"
  remember(THEME, root.dataset.theme)
}

export function restoreTheme() {
  const chosen = remembered(THEME)
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen
}
