// The agents' workspace starts here: the language first, then the connection, then the first drawing.

import { html, render } from "../vendor/ui.js"
import { Frame, restoreTheme } from "./frame.js"
import { listenToKeys } from "./actions/keyboard.js"
import { followAddress } from "./route.js"
import { useLocale, useTimeZone } from "./translation.js"
import { boot } from "./stores.js"
import { start } from "./workspace.js"

restoreTheme()
await useLocale(boot.locale)
useTimeZone(boot.me.time_zone)
followAddress()
start()
const place = /** @type {HTMLElement} */ (document.getElementById("workspace"))
place.replaceChildren()
render(html`<${Frame} />`, place)
listenToKeys()
