"""Whatever the protocol can say, for Hypothesis."""

from hypothesis import strategies as st

from collab.protocol.awareness import MAX_SAFE_INTEGER
from collab.protocol.messages import AwarenessEntry

payloads = st.binary(max_size=300)
texts = st.text(max_size=200)
entries = st.builds(AwarenessEntry, st.integers(0, MAX_SAFE_INTEGER), st.integers(0, MAX_SAFE_INTEGER), texts)
presences = st.lists(entries, max_size=5)
