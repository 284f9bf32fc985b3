"""Two people in one document."""

from playwright.sync_api import expect

from tests.browser.documents import Documents
from tests.browser.people import People
from tests.support.server import RunningServer


def test_two_people_writing_at_once_converge(server: RunningServer, documents: Documents, people: People) -> None:
    name = documents.create("converge")
    ada, ben = people.join(server.url, "Ada"), people.join(server.url, "Ben")
    ada.open(name)
    ben.open(name)

    ada.write("# Plan\nFirst paragraph\n- milk\nbread\n\n")
    ben.sees_text("bread")
    ada.insert_table()
    ben.editor.get_by_text("First paragraph").click()
    ben.page.keyboard.press("End")
    for word in ("one", "two", "three", "four", "five"):
        ada.type(word)
        ben.type(f" {word}")
    ada.page.keyboard.press("Tab")
    ada.type("second cell")

    expected = [
        ["heading", "Plan"],
        ["paragraph", "First paragraph one two three four five"],
        ["bulletListItem", "milk"],
        ["bulletListItem", "bread"],
        ["table", "onetwothreefourfive | second cell |  |  |  | "],
    ]
    ada.sees_blocks(expected)
    ben.sees_blocks(expected)
    ada.sees_state("saved")
    ben.sees_state("saved")


def test_each_sees_the_others_named_cursor_and_avatar(
    server: RunningServer, documents: Documents, people: People
) -> None:
    name = documents.create("cursors")
    ada, ben = people.join(server.url, "Ada Lovelace", "#c02d74"), people.join(server.url, "Ben")
    ada.open(name)
    ben.open(name)

    ada.write("Hello")
    cursor = ben.editor.locator("[data-cursor]")
    expect(cursor).to_have_text("\u2060Ada Lovelace\u2060")
    assert cursor.evaluate("(cursor) => cursor.style.getPropertyValue('--cursor-color')") == "#c02d74"
    expect(ben.page.get_by_role("list", name="Also here").get_by_role("listitem")).to_have_text(["AL"])
    expect(ada.page.get_by_role("list", name="Also here").get_by_role("listitem")).to_have_text(["B"])


def test_somebody_who_leaves_is_gone_for_the_others(
    server: RunningServer, documents: Documents, people: People
) -> None:
    name = documents.create("leaving")
    ada, ben = people.join(server.url, "Ada"), people.join(server.url, "Ben")
    ada.open(name)
    ben.open(name)
    ada.write("Hello")
    expect(ben.editor.locator("[data-cursor]")).to_be_attached()

    ada.page.get_by_role("link", name="Collab: all documents").click()

    expect(ben.page.get_by_role("list", name="Also here")).to_have_count(0)
    expect(ben.editor.locator("[data-cursor]")).to_have_count(0)


def test_a_crowd_is_counted(server: RunningServer, documents: Documents, people: People) -> None:
    name = documents.create("crowd")
    ada = people.join(server.url, "Ada", viewport={"width": 390, "height": 844})
    ada.open(name)
    for number in range(4):
        people.join(server.url, f"Guest {number}").open(name)

    avatars = ada.page.get_by_role("list", name="Also here").get_by_role("listitem")
    expect(avatars).to_have_count(3)
    expect(avatars.last).to_contain_text("+2")


def test_a_hostile_presence_neither_styles_nor_breaks_the_page(
    server: RunningServer, documents: Documents, people: People
) -> None:
    name = documents.create("hostile")
    eve, ben = people.join(server.url), people.join(server.url, "Ben")
    guest = '{"id": "eve", "name": "E\\u202eve", "color": "red;background:url(//x)"}'
    eve.page.add_init_script(f"localStorage.setItem('collab.guest', {guest!r})")
    eve.open(name)
    ben.open(name)

    eve.write("Hello")

    cursor = ben.editor.locator("[data-cursor]")
    expect(cursor).to_have_text("\u2060Eve\u2060")
    assert "url" not in str(cursor.get_attribute("style"))


def test_a_new_title_reaches_the_others_and_the_tab(
    server: RunningServer, documents: Documents, people: People
) -> None:
    name = documents.create("titles")
    ada, ben = people.join(server.url, "Ada"), people.join(server.url, "Ben")
    ada.open(name)
    ben.open(name)
    expect(ada.title).to_have_value("")

    ada.title.fill("Plan for spring")
    ada.sees_state("saved")

    expect(ben.title).to_have_value("Plan for spring")
    expect(ben.page).to_have_title("Plan for spring · Collab")
    assert documents.title(name) == "Plan for spring"


def test_enter_in_the_title_leads_to_the_text(server: RunningServer, documents: Documents, people: People) -> None:
    ada = people.join(server.url, "Ada")
    ada.open(documents.create("enter"))
    expect(ada.title).to_be_focused()

    ada.type("Plan\nFirst line")

    ada.sees_blocks([["paragraph", "First line"]])
    expect(ada.title).to_have_value("Plan")
