// A mail's HTML in a frame where nothing of it can run: as high as it is, its pictures held until asked for.

import { html, useEffect, useRef, useState } from "../../vendor/ui.js"
import { t } from "../translation.js"

const LOWEST = 48

/**
 * The frame has our origin only so that its height can be read: neither its sandbox nor its policy lets
 * a script run in it.
 * @param {{address: string, name: string}} props
 */
export function MailFrame({ address, name }) {
  const frame = useRef(/** @type {HTMLIFrameElement | null} */ (null))
  const watch = useRef(/** @type {ResizeObserver | null} */ (null))
  const [pictures, setPictures] = useState(false)
  const [held, setHeld] = useState(0)
  const [ready, setReady] = useState(false)
  const onLoad = () => {
    const page = frame.current?.contentDocument
    const body = page?.body
    if (!page || !body || !frame.current) return
    const fit = () => { if (frame.current) frame.current.style.blockSize = `${Math.max(LOWEST, Math.ceil(body.getBoundingClientRect().height))}px` }
    watch.current?.disconnect()
    watch.current = new ResizeObserver(fit)
    watch.current.observe(body)
    fit()
    setHeld(body.querySelectorAll(".hd-held").length && page.documentElement.dataset.pictures === "offered" ? body.querySelectorAll(".hd-held").length : 0)
    setReady(true)
  }
  useEffect(() => () => watch.current?.disconnect(), [])
  return html`<div class="mail-frame" data-ready=${ready}>
    ${held > 0 && !pictures && html`<p class="mail-held"><span>${t("Pictures from elsewhere are not loaded: their server would learn that this was read.")}</span>
      <button type="button" class="link" onClick=${() => setPictures(true)}>${t("Show pictures")}</button></p>`}
    <iframe ref=${frame} sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox" src=${pictures ? `${address}&pictures=1` : address} onLoad=${onLoad}
      title=${t("The original mail from {name}", { name })}></iframe></div>`
}
