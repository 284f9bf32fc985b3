"""What all connections of a process read under."""

from dataclasses import dataclass

from collab.gateways.flow import FlowRates
from collab.gateways.intake import Intake
from collab.gateways.wires import Pressure
from collab.protocol.budget import Budget


@dataclass(frozen=True, slots=True)
class Inflow:
    """Shared by all connections."""

    pressure: Pressure
    """While it is full nothing is read."""

    half_read: Budget
    """Of the messages that have not come whole."""

    intake: Intake | None
    """Where sockets are read; `None` where the system has no `epoll`, and transports read."""

    rates: FlowRates
    """How fast each may send."""
