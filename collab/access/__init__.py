"""Who somebody is: everybody a guest, or the bearer of a verified access token; and which web pages may ask at all."""

from collab.access.binding import is_loopback, refuse_open_bind
from collab.access.client_address import TrustedProxies, address_of, canonical, counted_as
from collab.access.factory import access_from, tokens_from
from collab.access.guarded import GuardedAccess
from collab.access.open import OpenAccess
from collab.access.origin import Pages, check_client, check_host
from collab.access.policy import Action, Policy, allows
from collab.access.token import KeySource, SharedSecret, TokenAccess

__all__ = [
    "Action",
    "GuardedAccess",
    "KeySource",
    "OpenAccess",
    "Pages",
    "Policy",
    "SharedSecret",
    "TokenAccess",
    "TrustedProxies",
    "access_from",
    "address_of",
    "allows",
    "canonical",
    "check_client",
    "check_host",
    "counted_as",
    "is_loopback",
    "refuse_open_bind",
    "tokens_from",
]
