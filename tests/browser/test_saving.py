"""What the editor says about the safety of what was written, and whether it is true."""

from pathlib import Path

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.documents import Documents
from tests.browser.people import People, Person
from tests.faults.outages import locked
from tests.support.server import RunningServer

SYNC_STATUS = 8


class HeldConfirmations:
    """Keeps the server's confirmations, or everything it says, from a page until they are released."""

    def __init__(self, person: Person, *, everything: bool = False) -> None:
        self._everything = everything
        self._held: list[tuple[WebSocketRoute, bytes | str]] = []
        self._holding = False
        person.page.route_web_socket("**/hocuspocus", self._relay)

    def _relay(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: self._pass_on(socket, message))

    def _pass_on(self, socket: WebSocketRoute, message: bytes | str) -> None:
        if self._holding and (self._everything or _is_confirmation(message)):
            self._held.append((socket, message))
        else:
            socket.send(message)

    def hold(self) -> None:
        """Keep what comes from now on."""
        self._holding = True

    def release(self) -> None:
        """Let go of what was kept, and keep no more."""
        self._holding = False
        for socket, message in self._held:
            socket.send(message)
        self._held.clear()

    def drop(self) -> None:
        """Lose what was kept, and keep no more."""
        self._holding = False
        self._held.clear()


def _is_confirmation(message: bytes | str) -> bool:
    # `varString address · varUint type`: the address of these tests is shorter than 128 bytes
    return isinstance(message, bytes) and message[message[0] + 1] == SYNC_STATUS


def test_an_edit_is_saving_until_the_server_confirms_it(
    server: RunningServer, documents: Documents, people: People
) -> None:
    ada = people.join(server.url, "Ada")
    confirmations = HeldConfirmations(ada)
    ada.open(documents.create("saving"))
    ada.sees_state("saved")
    confirmations.hold()

    ada.write("Hello")
    ada.sees_state("saving")
    expect(ada.save_state).to_have_text("Saving…")

    confirmations.release()
    ada.sees_state("saved")
    expect(ada.save_state).to_have_text("All changes saved")


def test_a_lost_network_shows_at_once_and_what_was_written_meanwhile_is_saved_once_it_is_back(
    server: RunningServer, documents: Documents, people: People
) -> None:
    ada = people.join(server.url, "Ada")
    answers = HeldConfirmations(ada, everything=True)
    ada.open(documents.create("network-lost"))
    ada.sees_state("saved")
    answers.hold()
    ada.page.evaluate("dispatchEvent(new Event('offline'))")
    ada.sees_state("offline")

    ada.write("Written without a network")
    answers.drop()
    ada.page.evaluate("dispatchEvent(new Event('online'))")

    ada.sees_state("saved")


def test_a_network_that_is_said_to_be_lost_and_still_answers_is_not_offline(
    server: RunningServer, documents: Documents, people: People
) -> None:
    ada = people.join(server.url, "Ada")
    ada.open(documents.create("network-kept"))
    ada.sees_state("saved")
    ada.page.evaluate("dispatchEvent(new Event('offline'))")
    ada.sees_state("offline")

    ada.write("The server is on this machine")

    ada.sees_state("saved")


def test_an_edit_that_nobody_answers_is_offline_until_an_answer_comes(
    server: RunningServer, documents: Documents, people: People
) -> None:
    ada = people.join(server.url, "Ada")
    answers = HeldConfirmations(ada, everything=True)
    ada.open(documents.create("no-answer"))
    ada.sees_state("saved")
    answers.hold()

    ada.write("Hello")
    ada.sees_state("saving")
    ada.sees_state("offline")

    answers.release()
    ada.sees_state("saved")


@pytest.mark.parametrize("seconds", [14, pytest.param(60, marks=pytest.mark.soak)], ids=["short", "long"])
def test_while_the_database_takes_nothing_and_the_server_lives_it_is_saving_all_the_time(
    seconds: int, own_server: RunningServer, people: People, tmp_path: Path
) -> None:
    ada, ben = people.join(own_server.url, "Ada"), people.join(own_server.url, "Ben")
    ada.go("/d/stalled")
    ada.page.get_by_role("button", name="Create it").click()
    ben.open("stalled")
    for person in (ada, ben):
        person.sees_state("saved")

    with locked(tmp_path / "collab.db"):
        ada.write("Hello")
        ada.sees_state("saving")
        seen = ada.states_seen(seconds)
        ben.sees_text("Hello")

    assert seen == ["saving"]
    ada.sees_state("saved")


def test_leaving_with_an_unsaved_edit_asks_first(server: RunningServer, documents: Documents, people: People) -> None:
    ada = people.join(server.url, "Ada")
    confirmations = HeldConfirmations(ada)
    ada.open(documents.create("leaving-unsaved"))
    ada.sees_state("saved")
    confirmations.hold()
    ada.write("Hello")
    ada.sees_state("saving")

    with ada.page.expect_event("dialog") as question:
        ada.page.close(run_before_unload=True)
    assert question.value.type == "beforeunload"
    question.value.dismiss()

    confirmations.release()
    ada.sees_state("saved")


def test_edits_made_offline_survive_leaving_for_the_list(own_server: RunningServer, people: People) -> None:
    ada = people.join(own_server.url, "Ada")
    ada.go("/")
    ada.page.get_by_role("button", name="New document").click()
    expect(ada.editor).to_be_editable()
    ada.sees_state("saved")
    address = ada.page.url
    own_server.kill()
    ada.sees_state("offline")
    ada.write("Written while offline")

    ada.page.get_by_role("link", name="Collab: all documents").click()
    expect(ada.page.get_by_role("heading", name="The server cannot be reached")).to_be_visible()
    own_server.restart()
    ada.page.go_back()
    ada.sees_state("saved")

    ben = people.join("", "Ben")
    ben.go(address)
    ben.sees_text("Written while offline")


def test_what_was_saved_survives_kill_9_and_both_editors_come_back(own_server: RunningServer, people: People) -> None:
    ada, ben = people.join(own_server.url, "Ada"), people.join(own_server.url, "Ben")
    ada.go("/d/crash")
    ada.page.get_by_role("button", name="Create it").click()
    expect(ada.editor).to_be_editable()
    ben.open("crash")
    ada.write("# Report\nBefore the crash\n")
    ben.sees_text("Before the crash")
    ada.sees_state("saved")

    own_server.kill()
    ada.sees_state("offline")
    ben.sees_state("offline")
    expect(ada.save_state).to_contain_text("changes are kept here and sent when the connection is back")
    ada.write("Ada while it was away")
    ben.editor.get_by_text("Before the crash").click()
    ben.page.keyboard.press("End")
    ben.type(", and Ben while it was away")
    own_server.restart()

    expected = [
        ["heading", "Report"],
        ["paragraph", "Before the crash, and Ben while it was away"],
        ["paragraph", "Ada while it was away"],
    ]
    for person in (ada, ben):
        person.sees_blocks(expected)
        person.sees_state("saved")

    own_server.kill()
    own_server.restart()
    late = people.join(own_server.url, "Late")
    late.open("crash")
    late.sees_blocks(expected)


def test_a_title_changed_while_the_server_is_away_is_saved_once_it_is_back(
    own_server: RunningServer, people: People
) -> None:
    ada = people.join(own_server.url, "Ada")
    ada.go("/d/title-away")
    ada.page.get_by_role("button", name="Create it").click()
    ada.sees_state("saved")
    own_server.kill()
    ada.sees_state("offline")

    ada.title.fill("Written while offline")
    own_server.restart()

    ada.sees_state("saved")
    ada.page.reload()
    expect(ada.title).to_have_value("Written while offline")
