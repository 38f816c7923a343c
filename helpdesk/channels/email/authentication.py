"""Who really sent a mail: what our own edge judged, else DKIM checked by ourselves on the raw bytes."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import dkim
import dns.exception
import dns.resolver

from helpdesk.channels.email.mail import Mail
from helpdesk.channels.email.reading.headers import Headers, decode_text, split

DNS_SECONDS = 3.0
"""For all look-ups of one mail together."""

SIGNATURES = 3
SEALS = 5
_LONGEST = 16 * 1024 * 1024
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_RESULT = re.compile(r"^\s*([a-z0-9-]{1,20})\s*=\s*([a-z]{1,20})\b", re.IGNORECASE)
_PROPERTY = re.compile(r"\bheader\.(d|i|from)\s*=\s*[\"']?@?([^\s;\"']{1,255})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`proof` is pass, none or fail; `how` says by what, for the agent who wonders."""

    proof: str
    how: str = ""


def judge(mail: Mail, authserv_ids: frozenset[str], arc_sealers: frozenset[str] = frozenset()) -> Verdict:
    """DMARC of our own edge, else an aligned DKIM signature; where neither proves the sender, what listed
    forwarders had found before they changed the mail. SPF alone means nothing after a forward."""
    domain = mail.sender.email.rpartition("@")[2].lower() if mail.sender else ""
    if not domain:
        return Verdict("none")
    verdict = _judged_here(mail, authserv_ids, domain)
    if verdict.proof != "pass" and mail.sealed_by and arc_sealers.issuperset(mail.sealed_by):
        return _by_sealer(mail, domain) or verdict
    return verdict


def _judged_here(mail: Mail, authserv_ids: frozenset[str], domain: str) -> Verdict:
    ours = _ours(mail, authserv_ids)
    if ours:
        said = [_by_edge(one, domain) for one in ours]
        return next((one for one in said if one.proof == "fail"), said[0])
    signed = next((one for one in mail.signed_by if is_aligned(one, domain)), None)
    return Verdict("pass", f"dkim {signed}") if signed else Verdict("none")


def is_aligned(signer: str, domain: str) -> bool:
    """Relaxed alignment: the same domain, or one below the other."""
    signer, domain = signer.lower().strip("."), domain.lower().strip(".")
    if signer == domain:
        return True
    return (
        "." in signer and "." in domain and (domain.endswith("." + signer) or signer.endswith("." + domain))
    )


def signed_by(raw: bytes) -> tuple[str, ...]:
    """The domains whose DKIM signature holds. Runs in the killable child; a slow DNS is no answer."""
    head, _ = split(raw, 0, len(raw), outermost=True)
    count = len(head.all("dkim-signature"))
    if not count or len(raw) > _LONGEST or _has_two_authors(head):
        return ()
    ends = time.monotonic() + DNS_SECONDS
    found: list[str] = []
    for index in range(min(count, SIGNATURES)):
        try:
            checked = dkim.DKIM(raw, minkey=1024, timeout=int(DNS_SECONDS))
            holds = checked.verify(idx=index, dnsfunc=_asking_until(ends))
            if holds and b"l" not in checked.signature_fields:  # else anybody may write on below its end
                found.append(checked.domain.decode("ascii", "replace").lower())
        except Exception:  # noqa: BLE001, S112 - whatever a forger put there, it is no proof
            continue
    return tuple(dict.fromkeys(found))


def sealed(raw: bytes) -> tuple[tuple[str, ...], str]:
    """The domains of an ARC chain that holds (RFC 8617), first to last, and what the first had found."""
    head, _ = split(raw, 0, len(raw), outermost=True)
    count = len(head.all("arc-seal"))
    if not 0 < count <= SEALS or len(raw) > _LONGEST or _has_two_authors(head):
        return (), ""
    try:
        checked = dkim.ARC(raw, minkey=1024, timeout=int(DNS_SECONDS))
        state, found, _ = checked.verify(dnsfunc=_asking_until(time.monotonic() + DNS_SECONDS))
        if state != dkim.CV_Pass:
            return (), ""
        chain = sorted(found, key=lambda one: int(one["instance"]))
        sealers = tuple(one["as-domain"].decode("ascii", "replace").lower() for one in chain)
        return sealers, decode_text(chain[0]["aar-value"])
    except Exception:  # noqa: BLE001 - whatever a forger put there, it is no proof
        return (), ""


def _has_two_authors(head: Headers) -> bool:
    """A signature covers one From, and a reader may see the other."""
    return len(head.all("from")) != 1


def _ours(mail: Mail, authserv_ids: frozenset[str]) -> list[str]:
    """Results that name one of our servers. The topmost is believed; those below may be anybody's, who will
    not have written there that it is forged."""
    found: list[str] = []
    for name, value in mail.headers:
        if name == "authentication-results":
            plain = _COMMENT.sub(" ", value)
            server = plain.partition(";")[0].split()
            if server and server[0].lower() in authserv_ids:
                found.append(plain.partition(";")[2])
    return found


def _by_edge(results: str, domain: str) -> Verdict:
    """DMARC decides where it was asked; else a DKIM pass that is aligned."""
    dkim_pass = None
    for part in results.split(";")[:20]:
        found = _RESULT.match(part)
        if not found:
            continue
        method, result = found[1].lower(), found[2].lower()
        said = {
            value.rpartition("@")[2].lower()
            for key, value in _PROPERTY.findall(part)
            if key.lower() == "from"
        }
        if method == "dmarc" and result == "pass" and said and domain not in said:
            continue  # about another From than the one we read
        if method == "dmarc" and result in ("pass", "fail"):
            return Verdict(result, f"dmarc {domain}")
        if method == "dkim" and result == "pass":
            signers = [
                one[1].rpartition("@")[2] for one in _PROPERTY.findall(part) if one[0].lower() in ("d", "i")
            ]
            dkim_pass = dkim_pass or next((one for one in signers if is_aligned(one, domain)), None)
    return Verdict("pass", f"dkim {dkim_pass}") if dkim_pass else Verdict("none")


def _by_sealer(mail: Mail, domain: str) -> Verdict | None:
    """A DMARC pass for the very domain that stands in From now: a forwarder may have written another."""
    for part in _COMMENT.sub(" ", mail.sealed_results).split(";")[:20]:
        found = _RESULT.match(part)
        if found and (found[1].lower(), found[2].lower()) == ("dmarc", "pass"):
            said = _PROPERTY.findall(part)
            authors = {value.rpartition("@")[2].lower() for key, value in said if key.lower() == "from"}
            if authors == {domain}:
                return Verdict("pass", f"arc {mail.sealed_by[-1]}")
    return None


def _asking_until(ends: float) -> Callable[..., bytes | None]:
    def ask(name: bytes | str, timeout: int = 0) -> bytes | None:
        text = name.decode("ascii") if isinstance(name, bytes) else name
        left = ends - time.monotonic()
        return _txt(text, int(time.monotonic() // 600)) if left > 0 else None

    return ask


@lru_cache(maxsize=1000)
def _txt(name: str, _ten_minutes: int) -> bytes | None:
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=DNS_SECONDS, search=False)
    except (dns.exception.DNSException, OSError):
        return None
    return next((b"".join(record.strings) for record in answer), None)
