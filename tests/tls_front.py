"""What stands in front of a deployment: it ends TLS with a private authority's certificate and leads paths to services.

Each request comes over a connection of its own, so that only its head has to be read.
"""

import asyncio
import contextlib
import ipaddress
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Front:
    """Where it listens, and the file with its authority's certificate."""

    url: str
    ca: Path


@contextlib.contextmanager
def serving(folder: Path, paths: Mapping[str, int]) -> Iterator[Front]:
    """A front for as long as the context lasts; `paths` are prefixes, each with a port on 127.0.0.1."""
    context = _certified(folder)
    loop = asyncio.new_event_loop()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await _lead(reader, writer, paths)
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(accepted, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever, name="front")
    thread.start()
    try:
        yield Front(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", folder / "ca.pem")
    finally:
        # Whoever is behind it waits for connections that nobody closes.
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, paths: Mapping[str, int]) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, _, rest = head.partition(" ")
    prefix = next((one for one in paths if rest.startswith(f"{one}/")), None)
    if prefix is None:
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        return
    request, _, headers = rest.removeprefix(prefix).partition("\r\n")
    lines = [line for line in headers.split("\r\n") if line and not line.lower().startswith("connection:")]
    lines.append("Connection: Upgrade" if "upgrade: websocket" in headers.lower() else "Connection: close")
    there, back = await asyncio.open_connection("127.0.0.1", paths[prefix])
    back.write("\r\n".join((f"{method} {request}", *lines, "", "")).encode("latin-1"))
    try:
        await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
    finally:
        back.transport.abort()
        await back.wait_closed()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def _certified(folder: Path) -> ssl.SSLContext:
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    theirs, ours = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("A private CA", "front"))

    def signed(subject: x509.Name, public: ec.EllipticCurvePublicKey, extension: x509.ExtensionType) -> bytes:
        now = datetime.now(UTC)
        made = x509.CertificateBuilder(theirs, subject, public, x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        made = made.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return made.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    place = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    (folder / "ca.pem").write_bytes(signed(theirs, authority.public_key(), x509.BasicConstraints(True, None)))
    (folder / "front.pem").write_bytes(
        signed(ours, key.public_key(), place)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "front.pem")
    return context
