// A word from us beside the launcher, on a website that wants it: by page, time on it and what the site says of its visitor.

/**
 * @typedef {{ text: string, page: string, seconds: number, attribute: string, value: string }} Rule
 * @typedef {{ key: string, shadow: ShadowRoot, told: import("../loader").Told, api: import("../loader").Api, invited: () => Promise<{ rules: Rule[] }> }} Page
 */

const STYLE = `
.invite { position: fixed; z-index: var(--z); inset-block-end: 92px; inset-inline-end: 20px; display: flex; align-items: start; max-width: min(300px, 100vw - 40px); border-radius: 16px;
  background: light-dark(#fff, #1b1e26); color: light-dark(#1d2230, #eceef3); color-scheme: light dark; box-shadow: 0 6px 28px #0004; font: 15px/1.4 system-ui, sans-serif; }
.invite button { all: unset; box-sizing: border-box; padding: 14px 4px 14px 16px; cursor: pointer; }
.invite button + button { flex: none; display: grid; place-items: center; width: 44px; height: 44px; padding: 0; font-size: 20px; }
.invite button:focus-visible { outline: 2px solid currentColor; outline-offset: -3px; border-radius: 14px; }
@media (forced-colors: active) { .invite { border: 1px solid; } }
@media print { .invite { display: none; } }
`

/** Waits for the first rule that fits, asks the server whether it still may, and shows it once. @param {Page} page @param {Rule[]} rules @param {number} pause milliseconds between two for one visitor */
export function invite(page, rules, pause) {
  const kept = `${page.key}:invited`
  const since = Date.now()
  let path = location.pathname
  let arrived = since
  const timer = setInterval(async () => {
    if (location.pathname !== path) [path, arrived] = [location.pathname, Date.now()]
    if (page.api.isOpen || !page.shadow.isConnected || lately(kept, pause)) return clearInterval(timer)
    const rule = document.hidden ? undefined : rules.find(one => fits(one, page.told.attributes, (Date.now() - arrived) / 1000))
    if (!rule) return
    clearInterval(timer)
    const now = await page.invited().catch(() => ({ rules: [] }))
    if (!page.api.isOpen && now.rules.some(one => one.text === rule.text)) show(page, rule.text, kept)
  }, 1000)
}

/** @param {Rule} rule @param {any} attributes @param {number} seconds */
export function fits(rule, attributes, seconds) {
  const here = !rule.page || (location.pathname + location.search).includes(rule.page)
  const said = !rule.attribute || String(attributes?.[rule.attribute] ?? "") === rule.value
  return here && said && seconds >= rule.seconds
}

/** @param {Page} page @param {string} text @param {string} kept */
function show(page, text, kept) {
  remember(kept)
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLE)
  page.shadow.adoptedStyleSheets = [...page.shadow.adoptedStyleSheets, sheet]
  const box = document.createElement("div")
  box.className = "invite"
  box.setAttribute("role", "status")
  const say = document.createElement("button")
  const close = document.createElement("button")
  for (const one of [say, close]) one.type = "button"
  say.textContent = text
  close.textContent = "×"
  close.setAttribute("aria-label", /^sv/.test(page.told.locale) ? "Stäng" : "Close")
  say.onclick = () => { box.remove(); page.api.open() }
  close.onclick = () => box.remove()
  addEventListener("helpdesk:open", () => box.remove(), { once: true })
  page.shadow.append(box)
  box.append(say, close) // after it stands there, so that it is read out
}

/** @param {string} kept @param {number} pause */
function lately(kept, pause) {
  try { return Date.now() - Number(localStorage[kept] ?? 0) < pause } catch { return false }
}

/** @param {string} kept */
function remember(kept) {
  try { localStorage[kept] = Date.now() } catch { /* private mode: at most once a page */ }
}
