import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import InvalidName
from collab.protocol.names import MAX_NAME_LENGTH, check_document_name

CHARACTERS = st.characters(exclude_categories=("Cc", "Cs"))


@given(st.text(CHARACTERS, min_size=1, max_size=MAX_NAME_LENGTH))
def test_a_name_is_taken_as_it_came(name: str) -> None:
    assert check_document_name(name) == name


@pytest.mark.parametrize("name", ["", "x" * 256])
def test_a_name_of_another_length_is_refused(name: str) -> None:
    with pytest.raises(InvalidName, match=f"of {len(name)} characters came; expected 1 to 255"):
        check_document_name(name)


@given(st.text(CHARACTERS, max_size=100), st.characters(categories=["Cc"]), st.text(CHARACTERS, max_size=100))
def test_a_control_character_is_named_and_refused(before: str, control: str, after: str) -> None:
    with pytest.raises(InvalidName, match=f"control character U\\+{ord(control):04X} at {len(before)}"):
        check_document_name(before + control + after)


@given(st.characters(categories=["Cs"]))
def test_half_a_surrogate_pair_is_refused(half: str) -> None:
    with pytest.raises(InvalidName, match="half a surrogate pair"):
        check_document_name(f"a{half}")
