"""Single sign-on by OpenID Connect: what this server, as a relying party, asks of the identity provider and believes of its answers.

Sources: OpenID Connect Core 1.0; OpenID Connect Discovery 1.0; RFC 7636 (PKCE); RFC 9207 (`iss` in the authorization response).
"""

from collab.access.oidc.configuration import Configuration, configuration_from
from collab.access.oidc.provider import Proven, Provider, Round

__all__ = ["Configuration", "Proven", "Provider", "Round", "configuration_from"]
