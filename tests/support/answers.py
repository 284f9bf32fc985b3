"""Answers of a server over HTTP/1.1, read from a bare socket."""

import httpx


def parsed(answer: bytes) -> httpx.Response:
    """Return what an answer says that is not chunked."""
    first, _, rest = answer.partition(b"\r\n")
    fields, _, body = rest.partition(b"\r\n\r\n")
    headers = [(name, value) for name, _, value in (line.partition(b": ") for line in fields.split(b"\r\n"))]
    return httpx.Response(int(first.split()[1]), headers=headers, content=body)
