"""A private certificate authority of a run, and a certificate of it for what is served on this machine."""

from __future__ import annotations

import ipaddress
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support.stack.ports import LOOPBACK

AUTHORITY = "ca.pem"
"""The file with the authority's certificate."""
_SERVER = "server.pem"


def certify(folder: Path) -> None:
    """Make the authority, and a certificate with its key for who listens on the loopback address, for a day."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    theirs, ours = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("A private CA", "server"))

    def signed(subject: x509.Name, public: ec.EllipticCurvePublicKey, extension: x509.ExtensionType) -> bytes:
        now = datetime.now(UTC)
        made = x509.CertificateBuilder(theirs, subject, public, x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        made = made.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return made.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    place = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))])
    (folder / AUTHORITY).write_bytes(signed(theirs, authority.public_key(), x509.BasicConstraints(True, None)))
    os.close(os.open(folder / _SERVER, os.O_CREAT | os.O_WRONLY, 0o600))
    (folder / _SERVER).write_bytes(
        signed(ours, key.public_key(), place)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def server_context(folder: Path) -> ssl.SSLContext:
    """What a server shows that the folder's certificate is for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / _SERVER)
    return context
