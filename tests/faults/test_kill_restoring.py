"""A server that is killed while it restores a version has restored all of it, or nothing."""

import os
import random
import threading
import time
from pathlib import Path

import httpx
from pycrdt import Doc, Text

from tests.support.server import RunningServer

ROUNDS = 6
LONGEST_WAIT = 0.15
"""Seconds from the request to the kill, at most; a restore of this document takes about half of that."""

PARAGRAPH = "A paragraph that somebody has written, number {}.\n"
VERSIONS = "/api/v1/documents/long/versions"


def write(doc: "Doc[Text]", at: int, text: str, client: httpx.Client) -> None:
    doc.get("t", type=Text).insert(at, text)
    headers = {"Content-Type": "application/octet-stream"}
    sent = client.post("/api/v1/documents/long/content", content=doc.get_update(), headers=headers)
    assert sent.status_code == 204, sent.text


def test_a_restore_that_is_killed_is_whole_or_nothing(tmp_path: Path) -> None:
    seed = os.environ.get("COLLAB_TEST_SEED") or str(random.getrandbits(32))
    print(f"COLLAB_TEST_SEED={seed}")
    moments = random.Random(seed)
    server = RunningServer.start(tmp_path)
    try:
        with httpx.Client(base_url=server.url) as client:
            client.post("/api/v1/documents", json={"name": "long", "kind": "yjs"}).raise_for_status()
            doc: Doc[Text] = Doc()
            for number in range(300):
                doc.get("t", type=Text).insert(0, PARAGRAPH.format(number))
            write(doc, 0, "Begin.\n", client)
            drafts = [keep(client, "Draft")]
            del doc.get("t", type=Text)[2000:9000]
            write(doc, 0, "Later.\n", client)
            drafts.append(keep(client, "Later draft"))
        for _ in range(ROUNDS):
            restore_and_kill(server, drafts, moments.uniform(0, LONGEST_WAIT))
    finally:
        server.kill()


def keep(client: httpx.Client, name: str) -> int:
    return int(client.post(VERSIONS, json={"name": name}).json()["id"])


def restore_and_kill(server: RunningServer, drafts: list[int], after: float) -> None:
    """Restore whichever of the drafts the document is not, kill the server meanwhile, and look at what the next one has."""
    with httpx.Client(base_url=server.url) as client:
        states = {"before": text_of(client, "/api/v1/documents/long/content")}
        contents = {version: text_of(client, f"{VERSIONS}/{version}/content") for version in drafts}
        version = next(version for version, content in contents.items() if content != states["before"])
        states["restored"] = contents[version]
        kept = len(client.get(VERSIONS).json()["versions"])
    answers: list[int] = []
    restoring = threading.Thread(target=restore, args=(server.url, version, answers))
    restoring.start()
    time.sleep(after)
    server.kill()
    restoring.join()
    server.restart()
    with httpx.Client(base_url=server.url) as client:
        now = text_of(client, "/api/v1/documents/long/content")
        versions = client.get(VERSIONS).json()["versions"]
        print(
            f"killed after {after:.3f} s: answered {answers}, {'restored' if now == states['restored'] else 'as before'}"
        )
        assert now in states.values()
        if answers == [200]:
            assert now == states["restored"]
        if now != states["before"]:
            kept_first = next(each["id"] for each in versions if each["kind"] == "before-restore")
            assert text_of(client, f"{VERSIONS}/{kept_first}/content") == states["before"]
        assert len(versions) >= kept


def restore(url: str, version: int, answers: list[int]) -> None:
    try:
        answers.append(httpx.post(f"{url}{VERSIONS}/{version}/restore", timeout=30).status_code)
    except httpx.TransportError:
        return  # the server was killed


def text_of(client: httpx.Client, path: str) -> str:
    answer = client.get(path, params={"format": "text"})
    assert answer.status_code == 200, answer.text
    return answer.text
