"""What an S/MIME blob that was signed but not encrypted says (RFC 8551, the SignedData of RFC 5652)."""

from helpdesk.channels.email.reading import ber

TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_DATA = bytes.fromhex("2a864886f70d010701")


def signed_content(data: bytes) -> bytes | None:
    """The mail inside, unproven. None for whatever else it is."""
    try:
        return content(data, signed_data(data))
    except (ber.Damaged, StopIteration, IndexError):
        return None


def signed_data(data: bytes) -> list[ber.Value]:
    """Version, digests, content, maybe certificates, signers. Errors: Damaged, StopIteration, IndexError."""
    outer = ber.inside(data, next(ber.values(data, 0, len(data))))
    if ber.oid(data, outer[0]) != _SIGNED_DATA:
        raise ber.Damaged
    return ber.inside(data, ber.inside(data, outer[1])[0])


def content(data: bytes, signed: list[ber.Value]) -> bytes | None:
    """None where it stands outside, as in a mail that every program can read, or is no mail."""
    wrapped = ber.inside(data, signed[2])
    if len(wrapped) < 2 or ber.oid(data, wrapped[0]) != _DATA:
        return None
    return b"".join(ber.octets(data, ber.inside(data, wrapped[1])[0]))
