"""A host application with a login of its own in front of Collab: it signs an access token for whom it has let in.

    COLLAB_SECRET=… collab serve
    COLLAB_SECRET=… python own_login.py 8080 http://127.0.0.1:8000

`/open?document=team/plan` leads somebody who has logged in to the editor; `/token?document=team/plan` gives their token to a page of the
host application, for its y-websocket or Hocuspocus client. It needs PyJWT.
"""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

import jwt

SECRET = os.environ["COLLAB_SECRET"]
COLLAB = sys.argv[2]

USERS = {"session-of-ada": {"id": "ada", "name": "Ada Lovelace"}, "session-of-bob": {"id": "bob", "name": "Bob"}}
"""Who has logged in, by the session's cookie: whatever the application has for that."""

ROLES = {("ada", "team/plan"): "owner", ("bob", "team/plan"): "reader"}
"""Who may do what: whatever the application has for that."""

LIFETIME = 15 * 60
"""Seconds. A short one: what a token grants can be taken back only by letting it end."""


def token_for(user: dict[str, str], document: str, role: str) -> str:
    claims = {
        "sub": user["id"],
        "name": user["name"],
        "exp": int(time.time()) + LIFETIME,
        "documents": {document: role},
    }
    return jwt.encode(claims, SECRET, algorithm="HS256")


class HostApplication(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        address = urlsplit(self.path)
        document = parse_qs(address.query).get("document", [""])[0]
        user = USERS.get(self.headers.get("Cookie", "").removeprefix("session="))
        role = None if user is None else ROLES.get((user["id"], document))
        if user is None or role is None:
            self.answer(403, {"detail": "log in first, and ask for a document of yours"})
        elif address.path == "/open":
            # Behind the `#`, the token is sent to no server and stands in no log.
            place = f"{COLLAB}/d/{quote(document)}#token={token_for(user, document, role)}"
            self.answer(303, {}, Location=place)
        else:
            self.answer(200, {"token": token_for(user, document, role)})

    def answer(self, status: int, body: dict[str, str], **headers: str) -> None:
        encoded = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Cache-Control": "no-store", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: object) -> None:
        """Write no addresses into a log."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), HostApplication) as server:
        print(f"on port {server.server_port}", flush=True)
        server.serve_forever()
