// One's own picture, as colleagues and the people one answers see it.

import { html, useRef, useState } from "../../vendor/ui.js"
import { askToNotify, attention, tryAttention } from "../attention.js"
import { request } from "../server/http.js"
import { Avatar, Icon } from "../icons.js"
import { dialog } from "../notices_store.js"
import { agents, boot, me, pictureOf } from "../stores.js"
import { chooseTimeZone, timeZones } from "../time_zone.js"
import { t } from "../translation.js"

const SIDE = 128
const QUALITY = 0.85

export function ProfileDialog() {
  const picker = useRef(/** @type {HTMLInputElement | null} */ (null))
  const [busy, work] = useState(false)
  const [problem, complain] = useState("")
  const picture = pictureOf(me.id)
  /** @param {() => Promise<{ picture: string | null } | void>} change */
  const run = async change => {
    work(true)
    complain("")
    try {
      const told = await change()
      if (told) agents.value = agents.value.map(one => one.id === me.id ? { ...one, picture: told.picture } : one)
    } catch (error) {
      complain(error instanceof DOMException ? t("This picture cannot be read. Please choose another.") : /** @type {any} */ (error).message)
    }
    work(false)
  }
  const choose = () => {
    const file = picker.current?.files?.[0]
    if (!file) return
    run(async () => {
      const form = new FormData()
      form.append("file", await square(file), "picture.jpg")
      return request("POST", "/api/v1/me/picture", form)
    })
    if (picker.current) picker.current.value = ""
  }
  const close = () => { dialog.value = null }
  return html`<div class="form">
    <header class="dialog-head"><h2><${Icon} name="user" />${t("Your profile")}</h2>
      <button type="button" class="button quiet icon-only" onClick=${close} aria-label=${t("Close")}><${Icon} name="x" /></button></header>
    <div class="form-body">
      <div class="profile"><${Avatar} name=${me.name} picture=${picture} size="large" />
        <div><strong>${me.name}</strong><p>${me.email} · <a href="/password">${t("Change the password")}</a> · <a href="/second-factor">${t("Two-factor sign-in")}</a>${me.role !== "light" && html` · <a href="/admin/replies">${t("Saved replies")}</a>`}</p>
          <div class="profile-buttons">
            <input ref=${picker} type="file" accept="image/*" hidden onChange=${choose} />
            <button type="button" class="button" disabled=${busy} onClick=${() => picker.current?.click()}><${Icon} name="image" />${t("Choose a picture")}</button>
            ${picture && html`<button type="button" class="button quiet" disabled=${busy} onClick=${() => run(() => request("DELETE", "/api/v1/me/picture"))}>${t("Remove the picture")}</button>`}
          </div></div></div>
      <p>${t("Colleagues see it, and the people you answer in the chat.")}</p>
      <label class="field"><span>${t("Time zone")}</span>
        <select onChange=${(/** @type {Event} */ event) => run(() => chooseTimeZone(/** @type {HTMLSelectElement} */ (event.target).value))}>
          ${timeZones().map(zone => html`<option key=${zone} selected=${zone === me.time_zone}>${zone}</option>`)}</select></label>
      <label class="field"><span>${t("Language")}</span>
        <select onChange=${(/** @type {Event} */ event) => run(() => read(/** @type {HTMLSelectElement} */ (event.target).value))}>
          ${boot.languages.map(([code, name]) => html`<option key=${code} value=${code} lang=${code} selected=${code === boot.locale}>${name}</option>`)}</select></label>
      <${Attention} />
      <p class="form-problem" role="alert">${problem && html`<${Icon} name="circle-alert" />${problem}`}</p></div>
    <footer class="dialog-foot"><button type="button" class="button" onClick=${() => { dialog.value = { name: "signature", props: { changed: () => {} } } }}><${Icon} name="pencil" />${t("Your signature")}</button>
      <button type="button" class="button primary" onClick=${close}>${t("Close")}</button></footer></div>`
}

/** Kept in this browser, since each has a voice and a screen of its own. */
function Attention() {
  const [sound, setSound] = useState(attention.sound)
  const [notices, setNotices] = useState(attention.notices)
  const [refused, refuse] = useState(false)
  const hear = (/** @type {boolean} */ on) => {
    attention.choose({ sound: on })
    setSound(on)
  }
  const see = async (/** @type {boolean} */ on) => {
    const may = on && await askToNotify()
    attention.choose({ notices: may })
    setNotices(may)
    refuse(on && !may)
  }
  const checked = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).checked
  return html`<fieldset class="attention"><legend>${t("When this window is out of sight")}</legend>
    <label class="check"><input type="checkbox" checked=${sound} onChange=${(/** @type {Event} */ event) => hear(checked(event))} /><span>${t("Play a sound for chats that wait, answers on my tickets and alerts")}</span></label>
    <label class="check"><input type="checkbox" checked=${notices} onChange=${(/** @type {Event} */ event) => see(checked(event))} /><span>${t("Show a notice on the desktop")}</span></label>
    ${refused && html`<p class="form-problem" role="alert"><${Icon} name="circle-alert" />${t("This browser does not allow notices. Allow them for this address in its settings.")}</p>`}
    <button type="button" class="button" disabled=${!sound && !notices} onClick=${tryAttention}><${Icon} name="bell" />${t("Try it")}</button></fieldset>`
}

/** From now on in this language: the page is made anew, what was begun is kept. @param {string} language */
async function read(language) {
  await request("PATCH", "/api/v1/me", { locale: language })
  location.reload()
}

/** The middle of it, small, without where and when it was taken. @param {Blob} file @returns {Promise<Blob>} */
async function square(file) {
  const whole = await createImageBitmap(file)
  const side = Math.min(whole.width, whole.height)
  const canvas = document.createElement("canvas")
  canvas.width = canvas.height = SIDE
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"))
  pen.fillStyle = "#fff"
  pen.fillRect(0, 0, SIDE, SIDE)
  pen.imageSmoothingQuality = "high"
  pen.drawImage(whole, (whole.width - side) / 2, (whole.height - side) / 2, side, side, 0, 0, SIDE, SIDE)
  return new Promise((done, fail) => canvas.toBlob(blob => blob ? done(blob) : fail(new DOMException("empty")), "image/jpeg", QUALITY))
}
