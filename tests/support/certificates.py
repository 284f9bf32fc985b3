"""A certificate for this machine, and an authority of its own that vouches for it."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import trustme


@dataclass(frozen=True)
class Files:
    """A certificate for 127.0.0.1, its key, and an authority that vouches for it."""

    certfile: Path
    keyfile: Path
    authority: trustme.CA

    @classmethod
    def made_in(cls, directory: Path) -> Self:
        """Make them."""
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1", "localhost")
        certfile, keyfile = directory / "chain.pem", directory / "key.pem"
        certfile.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(keyfile)
        return cls(certfile, keyfile, authority)

    @property
    def trusting(self) -> ssl.SSLContext:
        """What trusts it; a new one each time, for a client says in it which protocols it speaks."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    @property
    def settings(self) -> dict[str, str]:
        """What has a server use them."""
        return {"COLLAB_CERTFILE": str(self.certfile), "COLLAB_KEYFILE": str(self.keyfile)}
