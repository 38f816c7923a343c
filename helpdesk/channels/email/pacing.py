"""How much one peer of the mail listener may bring in a minute, and how many addresses it may guess."""

import ipaddress
from dataclasses import dataclass

from helpdesk.domain.limits import network_of

MAILS_A_MINUTE = 300
UNKNOWN_A_MINUTE = 20
_MINUTE = 60.0
_PEERS = 10_000


@dataclass(slots=True)
class _Done:
    since: float
    mails: int = 0
    unknown: int = 0


class Pace:
    """Counts by peer. What stands in our own network, as the mail server before us, is not counted: it sends
    for everybody, and would make of our "later" a delay for all."""

    def __init__(self, mails: int = MAILS_A_MINUTE, unknown: int = UNKNOWN_A_MINUTE) -> None:
        self._mails, self._unknown = mails, unknown
        self._peers: dict[str, _Done] = {}

    def takes_mail(self, peer: str, now: float) -> bool:
        """Whether this one may still come; it is counted."""
        done = self._of(peer, now)
        done.mails += 1
        return done.mails <= self._mails or is_near(peer)

    def may_ask(self, peer: str, now: float) -> bool:
        """Whether another address may be asked about."""
        return self._of(peer, now).unknown < self._unknown or is_near(peer)

    def guessed_wrong(self, peer: str, now: float) -> None:
        self._of(peer, now).unknown += 1

    def _of(self, peer: str, now: float) -> _Done:
        peer = network_of(peer) or peer  # a customer of a provider has a whole /64 of addresses
        done = self._peers.get(peer)
        if done is None or now - done.since >= _MINUTE:
            if len(self._peers) >= _PEERS:
                self._forget(now)
            done = self._peers[peer] = _Done(now)
        return done

    def _forget(self, now: float) -> None:
        """What is over; and should ten thousand come in one minute, all."""
        self._peers = {one: done for one, done in self._peers.items() if now - done.since < _MINUTE}
        if len(self._peers) >= _PEERS:
            self._peers.clear()


def is_near(peer: str) -> bool:
    """This machine, a private network, or a socket that is a file."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return peer == "local"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_private
