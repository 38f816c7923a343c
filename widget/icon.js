// The panel's few icons, drawn as strokes in the colour of the text (Lucide, ISC licence).

import { html } from "../vendor/ui.js"

const SHAPES = /** @type {Record<string, string>} */ ({
  close: "M18 6 6 18M6 6l12 12",
  back: "m15 18-6-6 6-6",
  send: "m5 12 7-7 7 7M12 19V5",
  clip: "m16 6-8.4 8.6a2 2 0 0 0 2.8 2.8L18.8 9a4 4 0 1 0-5.6-5.7l-8.4 8.5a6 6 0 1 0 8.5 8.5l8.2-8.4",
  face: "M22 12a10 10 0 1 1-20 0 10 10 0 0 1 20 0ZM8 14s1.5 2 4 2 4-2 4-2M9 9h.01M15 9h.01",
  sound: "M6 8a6 6 0 0 1 12 0c0 7 3 9 3 9H3s3-2 3-9M10.3 21a1.9 1.9 0 0 0 3.4 0",
  silent: "M8.7 3A6 6 0 0 1 18 8c0 2.2.3 3.9.8 5.2M17 17H3s3-2 3-9a4.7 4.7 0 0 1 .3-1.7M10.3 21a1.9 1.9 0 0 0 3.4 0M2 2l20 20",
  write: "M12 20h9M16.4 3.6a2.1 2.1 0 0 1 3 3L7.4 18.6 3 20l1.4-4.4Z",
})

/** @param {{ name: string }} props */
export function Icon({ name }) {
  return html`
    <svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"
      stroke-linejoin="round" aria-hidden="true" class=${`i-${name}`}><path d=${SHAPES[name]} /></svg>`
}
