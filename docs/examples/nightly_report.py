"""A program with an API key: it reads every document that its key lets it see, and writes down how long each is.

COLLAB_KEY=$(collab key add "Nightly report" --documents 'team/*=reader' --days 365 | tail -c 47)
COLLAB_KEY=… python nightly_report.py http://127.0.0.1:8000
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

COLLAB = sys.argv[1]
KEY = os.environ["COLLAB_KEY"]


def ask(path: str) -> bytes:
    request = Request(COLLAB + path, headers={"Authorization": f"Bearer {KEY}"})
    with urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
        return body


def documents() -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        page = json.loads(ask(f"/api/v1/documents?limit=200{cursor}"))
        yield from page["documents"]
        if page["next_cursor"] is None:
            return
        cursor = f"&cursor={quote(page['next_cursor'])}"


if __name__ == "__main__":
    for document in documents():
        text = ask(f"/api/v1/documents/{quote(document['name'], safe='')}/content?format=text").decode()
        print(f"{document['name']}: {len(text)} characters")
