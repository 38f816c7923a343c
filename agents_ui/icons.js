// The small drawn things: icons from the one sprite, avatars, keys.

import { html } from "../vendor/ui.js"

const SPRITE = new URL("../vendor/icons.svg", import.meta.url).href

/** @param {{name: string, label?: string, class?: string}} props with a label it speaks, without it is decoration */
export function Icon({ name, label, class: extra = "" }) {
  return html`<svg class=${`icon ${extra}`} width="16" height="16" role=${label ? "img" : undefined} aria-label=${label}
    aria-hidden=${label ? undefined : "true"} focusable="false"><use href=${`${SPRITE}#${name}`}></use></svg>`
}

/** @param {{name: string | null | undefined, picture?: string | null, icon?: string, size?: string}} props the picture is an agent's own */
export function Avatar({ name, picture, icon, size = "" }) {
  if (picture) return html`<img class=${`avatar ${size}`} src=${picture} alt="" />`
  return html`<span class=${`avatar ${size}`} style=${{ "--hue": hueOf(name ?? "") }} aria-hidden="true">
    ${initials(name)}${icon && html`<span class="avatar-badge"><${Icon} name=${icon} /></span>`}
  </span>`
}

/** @param {string} channel */
export function channelIcon(channel) {
  return { chat: "message-circle", email: "mail", phone: "phone", api: "bot" }[channel] ?? "inbox"
}

/** @param {{keys: string}} props `e`, `g q` or `Ctrl K` */
export function Keys({ keys }) {
  return html`<span class="keys" aria-hidden="true">${keys.split(" ").map(key => html`<kbd>${key.length === 1 ? key.toUpperCase() : key}</kbd>`)}</span>`
}

/** @param {string | null | undefined} name */
export function initials(name) {
  const words = (name ?? "").trim().split(/[\s@.+-]+/).filter(word => /\p{L}|\d/u.test(word))
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words
  return letters.map(word => [...word][0]?.toUpperCase() ?? "").join("") || "?"
}

/** @param {string} text */
function hueOf(text) {
  let sum = 7
  for (const letter of text) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0
  return sum % 360
}

export const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "")
export const CTRL = isMac ? "⌘" : "Ctrl"
