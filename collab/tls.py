"""The certificate that the server shows when it speaks TLS itself, looked at before anything is served."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from collab.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where a certificate and its key lie, both in PEM."""

    certfile: Path
    keyfile: Path


def certificate_of(certfile: Path | None, keyfile: Path | None) -> Certificate | None:
    """Return the certificate that these two settings name, which can be used; `None` where neither is set.

    Raises `SettingsError` where one is missing, cannot be read, or does not fit the other.
    """
    if certfile is None and keyfile is None:
        return None
    if certfile is None or keyfile is None:
        came, missing = (
            ("COLLAB_CERTFILE", "COLLAB_KEYFILE") if keyfile is None else ("COLLAB_KEYFILE", "COLLAB_CERTFILE")
        )
        raise SettingsError(f"{came} came without {missing}; expected both, or neither where a proxy ends TLS")
    for name, file in (("COLLAB_CERTFILE", certfile), ("COLLAB_KEYFILE", keyfile)):
        try:
            file.read_bytes()
        except OSError as error:
            raise SettingsError(f"cannot read {str(file)!r} ({name}): {error.strerror}; expected a PEM file") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certfile, keyfile, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error) or "no PEM file"
        raise SettingsError(
            f"cannot use {str(certfile)!r} with {str(keyfile)!r} (COLLAB_CERTFILE, COLLAB_KEYFILE): {reason}; "
            "expected a certificate and its private key in PEM, the key without a password"
        ) from None
    return Certificate(certfile, keyfile)


def _no_password() -> str:
    """Answer OpenSSL, which would else ask at the terminal."""
    raise ValueError("the key has a password")
