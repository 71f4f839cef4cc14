"""Each language says everything, with the same things filled in, and lets no name disturb its direction."""

import json
import re
from pathlib import Path

import pytest

from portal.shared import phrases
from portal.shared.phrases import LANGUAGES, Language

ENGLISH = LANGUAGES["en"]
CODES = sorted(LANGUAGES)


def filled_in(words: str) -> list[str]:
    return sorted(re.findall(r"{(\w+)}", words))


@pytest.mark.parametrize("code", CODES)
def test_each_language_has_every_key_with_the_same_things_filled_in(code: str) -> None:
    language = LANGUAGES[code]
    assert set(language.words) == set(ENGLISH.words)
    for key, words in language.words.items():
        assert filled_in(words) == filled_in(ENGLISH.words[key]), key
        assert words.strip() == words != "", key


@pytest.mark.parametrize("code", CODES)
def test_no_key_stands_twice(code: str) -> None:
    file = Path(phrases.__file__).parent / f"{code}.json"
    pairs = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=list)
    assert len({key for key, _ in pairs}) == len(pairs)


def test_a_wish_is_met_by_the_first_language_there_is() -> None:
    assert phrases.choose(None, "xx", "en_US").code == "en"
    assert phrases.choose("").code == "en"
    assert phrases.find("../en") is None


def test_what_is_filled_in_is_escaped() -> None:
    assert ENGLISH.say("for_whom", name="<b>A & B</b>") == "For &lt;b&gt;A &amp; B&lt;/b&gt;"
    assert ENGLISH.text("for_whom", name="A & B") == "For A & B"


def test_a_name_keeps_its_own_direction_inside_a_sentence() -> None:
    leaning = Language("xx", "", is_rtl=True, words=ENGLISH.words)
    assert leaning.text("for_whom", name="Maple Ltd") == "For \u2068Maple Ltd\u2069"
    assert ENGLISH.text("for_whom", name="شركة") == "For \u2068شركة\u2069"
    assert ENGLISH.text("for_whom", name="Maple Ltd") == "For Maple Ltd"
