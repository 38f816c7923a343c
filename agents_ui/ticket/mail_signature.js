// How a mail was signed or locked, and what that is worth: a certificate nobody vouches for proves no person.

import { html } from "../../vendor/ui.js"
import { Icon } from "../icons.js"
import { t } from "../translation.js"

/** @typedef {{kind: "smime" | "pgp", state: "holds" | "broken" | "unchecked", addresses: string[], issuer: string, is_sender: boolean}} Signature */

/** @param {{protection?: string, signature?: Signature}} props */
export function Protection({ protection, signature }) {
  if (protection === "encrypted") {
    return html`<p class="mail-mark"><${Icon} name="lock" />${t("Encrypted: only its sender's and receiver's own mail program can open it.")}</p>`
  }
  if (protection !== "signed") return null
  const { danger, words } = worth(signature)
  return html`<p class=${danger ? "claimed" : "mail-mark"}><${Icon} name=${danger ? "triangle-alert" : "shield-check"} /><span>${words}</span></p>`
}

/** @param {Signature} [signature] absent where only a part is signed @returns {{danger: boolean, words: string}} */
export function worth(signature) {
  if (!signature) return { danger: false, words: t("A part of this mail is signed. The signature was not checked.") }
  const { kind, state, issuer, is_sender: isSender } = signature
  const people = signature.addresses.join(", ") || t("nobody by name")
  if (state === "broken") return { danger: true, words: t("Its signature does not fit: the mail was changed on its way, or somebody else signed it.") }
  if (state === "holds" && !isSender) return { danger: true, words: t("Signed for {people}, who is not the sender.", { people }) }
  if (state === "holds") {
    const words = t("Signed for {people}, and unchanged since. Nobody vouches for that certificate (issued by {issuer}).", { people, issuer: issuer || "?" })
    return { danger: false, words }
  }
  return { danger: false, words: kind === "pgp" ? t("Signed with PGP. The signature was not checked: no keys are known here.") : t("Signed with S/MIME. The signature could not be checked.") }
}
