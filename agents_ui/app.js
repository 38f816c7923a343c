// The agents' workspace starts here: the language first, then the connection, then the first drawing.

import { html, render } from "../vendor/ui.js"
import { Frame, restoreTheme } from "./frame.js"
import { listenToKeys } from "./actions/keyboard.js"
import { followAddress } from "./route.js"
import { useLocale } from "./translation.js"
import { boot } from "./stores.js"
import { start } from "./workspace.js"

restoreTheme()
await useLocale(boot.locale)
followAddress()
start()
const place = /** @type {HTMLElement} */ (document.getElementById("workspace"))
place.replaceChildren()
render(html`<${Frame} />`, place)
listenToKeys()
