// Two colours from the owner of the site; everything that must be readable on them is computed (WCAG 2.2, 1.4.3).

/** @typedef {{ accent?: string, header?: string, scheme?: string, logo?: string }} Theme */

const LIGHT = "#ffffff"
const DARK = "#14161c"
const FALLBACK = "#2f55c7"

/** The custom properties for one scheme. @param {Theme} theme @param {boolean} dark @returns {Record<string, string>} */
export function colours(theme, dark) {
  const accent = read(theme.accent) ?? /** @type {number[]} */ (read(FALLBACK))
  const header = read(theme.header) ?? accent
  const surface = /** @type {number[]} */ (read(dark ? "#1b1e26" : LIGHT))
  return {
    "--accent": hex(accent),
    "--accent-contrast": on(accent),
    "--accent-text": hex(readable(accent, surface, 4.5)),
    "--header": hex(header),
    "--header-contrast": on(header),
  }
}

/** What the launcher wears. @param {Theme} theme @returns {{ accent: string, on: string }} */
export function launcher(theme) {
  const accent = read(theme.accent) ?? /** @type {number[]} */ (read(FALLBACK))
  return { accent: hex(accent), on: on(accent) }
}

/** WCAG contrast ratio, 1 to 21. @param {number[]} one @param {number[]} other */
export function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

/** `#rgb` or `#rrggbb`, else nothing: no other text from outside reaches a style. @param {string | null | undefined} colour @returns {number[] | null} */
export function read(colour) {
  const found = /^#?([\da-f]{3}|[\da-f]{6})$/i.exec((colour ?? "").trim())
  if (!found) return null
  const digits = found[1].length === 3 ? [...found[1]].map(digit => digit + digit).join("") : found[1]
  return [0, 2, 4].map(at => parseInt(digits.slice(at, at + 2), 16))
}

/** White or near-black, whichever reads better. @param {number[]} background */
function on(background) {
  const light = /** @type {number[]} */ (read(LIGHT))
  const dark = /** @type {number[]} */ (read(DARK))
  return contrast(background, light) >= Math.min(4.5, contrast(background, dark)) ? LIGHT : DARK
}

/** The colour, moved towards black or white until it can be read on the surface. @param {number[]} colour @param {number[]} surface @param {number} wanted */
function readable(colour, surface, wanted) {
  const goal = luminance(surface) > 0.4 ? 0 : 255
  let found = colour
  for (let step = 0; step < 20 && contrast(found, surface) < wanted; step++) {
    found = found.map(part => Math.round(part + (goal - part) * 0.12))
  }
  return found
}

/** @param {number[]} colour */
function luminance(colour) {
  const [red, green, blue] = colour.map(part => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** @param {number[]} colour */
function hex(colour) {
  return `#${colour.map(part => part.toString(16).padStart(2, "0")).join("")}`
}
