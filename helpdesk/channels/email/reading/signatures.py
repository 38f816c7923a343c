"""Whether an S/MIME signature fits the mail it came with, and whose it says it is (RFC 8551, RFC 5652).

Who gave the certificate, whether it has ended or was taken back is not asked: that is said with the result.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from helpdesk.channels.email.mail import Signature
from helpdesk.channels.email.reading import ber, sealed
from helpdesk.channels.email.reading.entities import Entity
from helpdesk.channels.email.reading.headers import display_name

_DETACHED_TYPES = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_PGP_TYPE = "application/pgp-signature"
_SIGNERS, _CERTIFICATES, _ADDRESSES = 3, 10, 10
_LARGEST_PROOF = 256 * 1024
_LINE_END = re.compile(rb"\r?\n")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_PSS = bytes.fromhex("2a864886f70d01010a")
_DIGESTS: dict[bytes, hashes.HashAlgorithm] = {
    bytes.fromhex("608648016503040201"): hashes.SHA256(),
    bytes.fromhex("608648016503040202"): hashes.SHA384(),
    bytes.fromhex("608648016503040203"): hashes.SHA512(),
}
"""Weaker ones prove nothing any more."""


@dataclass(slots=True)
class _Signer:
    """One SignerInfo, its parts where they stand."""

    version: ber.Value
    whose: ber.Value
    digest: ber.Value
    attributes: ber.Value | None
    method: ber.Value
    signature: ber.Value


def of(root: Entity) -> Signature | None:
    """None for a mail that is not signed as a whole: a signed part says nothing of the words beside it."""
    if root.content_type in sealed.TYPES:
        data = root.data()
        return _checked(data, None) if sealed.signed_content(data) is not None else None
    if root.content_type != "multipart/signed" or len(root.children) < 2:
        return None
    said, proof = root.children[0], root.children[1]
    if proof.content_type == _PGP_TYPE:
        return Signature("pgp", "unchecked")
    if proof.content_type not in _DETACHED_TYPES or len(root.children) > 2:
        return Signature("smime", "unchecked")
    return _checked(proof.data(), _LINE_END.sub(b"\r\n", root.raw[said.at : said.end]))


def _checked(data: bytes, said: bytes | None) -> Signature:
    try:
        signed = sealed.signed_data(data)
        content = sealed.content(data, signed) if said is None else said
        if content is None or (said is not None and len(data) > _LARGEST_PROOF):
            return Signature("smime", "unchecked")
        certificates = list(_certificates(data, signed))
        signers = [_signer(data, one) for one in ber.inside(data, signed[-1])[:_SIGNERS]]
        found = [_verified(data, one, content, certificates) for one in signers]
    except Exception:  # noqa: BLE001 - whatever a stranger put there, it proves nothing
        return Signature("smime", "unchecked")
    order = ("broken", "holds", "unchecked")
    return min(found, key=lambda one: order.index(one.state), default=Signature("smime", "unchecked"))


def _signer(data: bytes, value: ber.Value) -> _Signer:
    version, whose, digest, *rest = ber.inside(data, value)
    attributes = rest.pop(0) if rest and rest[0].number == 0 and rest[0].constructed else None
    return _Signer(version, whose, digest, attributes, rest[0], rest[1])


def _certificates(data: bytes, signed: list[ber.Value]) -> Iterator[x509.Certificate]:
    wrapped = next((one for one in signed[3:-1] if one.number == 0), None)
    for one in ber.inside(data, wrapped)[:_CERTIFICATES] if wrapped else ():
        try:
            yield x509.load_der_x509_certificate(data[one.at : one.end])
        except ValueError:
            continue


def _verified(
    data: bytes, signer: _Signer, content: bytes, certificates: list[x509.Certificate]
) -> Signature:
    certificate = next((one for one in certificates if _is_of(data, signer.whose, one)), None)
    algorithm = _DIGESTS.get(ber.oid(data, ber.inside(data, signer.digest)[0]))
    if certificate is None or algorithm is None:
        return Signature("smime", "unchecked")
    covered = _covered(data, signer.attributes, content, algorithm)
    state = _state(data, signer, certificate, covered, algorithm) if covered is not None else "broken"
    return Signature("smime", state, _addresses(certificate), _issuer(certificate))


def _is_of(data: bytes, whose: ber.Value, certificate: x509.Certificate) -> bool:
    """By issuer and number, or by the identifier of its key."""

    try:
        if whose.number == ber.SEQUENCE:
            issuer, number = ber.inside(data, whose)
            return (
                int.from_bytes(data[number.start : number.end], "big", signed=True)
                == certificate.serial_number
                and data[issuer.at : issuer.end] == certificate.issuer.public_bytes()
            )
        known = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return known.value.digest == data[whose.start : whose.end]
    except (x509.ExtensionNotFound, ValueError):
        return False


def _covered(
    data: bytes, attributes: ber.Value | None, content: bytes, algorithm: hashes.HashAlgorithm
) -> bytes | None:
    """What the key signed: the content, or a list that holds its digest. None where that is another's."""
    if attributes is None:
        return content

    digest = hashes.Hash(algorithm)
    digest.update(content)
    stated = [
        data[value.start : value.end]
        for kind, values in (ber.inside(data, one)[:2] for one in ber.inside(data, attributes)[:50])
        if ber.oid(data, kind) == _MESSAGE_DIGEST
        for value in ber.inside(data, values)
    ]
    inside = data[attributes.start : attributes.end]
    return b"\x31" + _length(len(inside)) + inside if stated == [digest.finalize()] else None


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    said = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(said)]) + said


def _state(
    data: bytes,
    signer: _Signer,
    certificate: x509.Certificate,
    covered: bytes,
    algorithm: hashes.HashAlgorithm,
) -> str:
    given = data[signer.signature.start : signer.signature.end]
    try:
        key: Any = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            is_pss = ber.oid(data, ber.inside(data, signer.method)[0]) == _PSS
            pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
            key.verify(given, covered, pss if is_pss else padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(given, covered, ec.ECDSA(algorithm))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(given, covered)
        else:
            return "unchecked"
    except InvalidSignature:
        return "broken"
    except (UnsupportedAlgorithm, ValueError):
        return "unchecked"
    return "holds"


def _addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = list(named.get_values_for_type(x509.RFC822Name))
    except (x509.ExtensionNotFound, ValueError):
        found = []
    found += [str(one.value) for one in certificate.subject.get_attributes_for_oid(x509.OID_EMAIL_ADDRESS)]
    shown = (display_name(one, 320).lower() for one in found[:_ADDRESSES])
    return tuple(dict.fromkeys(one for one in shown if "@" in one))


def _issuer(certificate: x509.Certificate) -> str:
    """What the certificate itself says: anybody may write a name there."""

    for kind in (x509.OID_COMMON_NAME, x509.OID_ORGANIZATION_NAME):
        for one in certificate.issuer.get_attributes_for_oid(kind):
            return display_name(str(one.value), 100)
    return ""
