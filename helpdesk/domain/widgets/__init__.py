"""The chat widget on other people's pages: how it is set up, who stands before it, who may not."""

from helpdesk.domain.widgets import blocking, brake, identity_keys, proofs, visits
from helpdesk.domain.widgets.model import Block, IdentityKey, SpentProof, Visit
from helpdesk.domain.widgets.setup import Field, Invitation, Setup, for_reader, name_of, save, setup_of

__all__ = [
    "Block",
    "Field",
    "IdentityKey",
    "Invitation",
    "Setup",
    "SpentProof",
    "Visit",
    "blocking",
    "brake",
    "for_reader",
    "identity_keys",
    "name_of",
    "proofs",
    "save",
    "setup_of",
    "visits",
]
