"""An HTTP transport whose answers are read whole, and may not be larger than an identity provider's ever are."""

from typing import Final

import httpx2

MAX_ANSWER_BYTES: Final = 512 * 1024
"""Key sets and tokens take some 20 KiB; those of somebody in a thousand groups take more."""


class AnswerTooLarge(httpx2.TransportError):
    """An answer that is larger than may be, or compressed though that was not asked for."""


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Reads answers to their end; one that is too large is left where it becomes that."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        """Send by `inner`, which is closed with this one."""
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request. Raises `httpx2.TransportError`."""
        request.headers["Accept-Encoding"] = "identity"
        answer = await self._inner.handle_async_request(request)
        try:
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise AnswerTooLarge("a compressed answer came; expected it as it is")
            body = bytearray()
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise AnswerTooLarge(f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
        finally:
            await answer.aclose()
        return httpx2.Response(answer.status_code, headers=answer.headers, content=bytes(body), request=request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()
