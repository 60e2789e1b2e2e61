from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from string import Formatter

import pytest

from paymentoptions_async.sandbox import pages
from paymentoptions_async.sandbox.challenges import ChallengeAnswer
from paymentoptions_async.sandbox.pages.texts import LANGUAGES, TEXTS, Words
from paymentoptions_async.sandbox.plans import SubscriptionState
from paymentoptions_async.sandbox.rules import TEST_AMOUNTS, TEST_CARDS
from paymentoptions_async.sandbox.state import Kind, TransactionState

NAMES = [module.name for module in pkgutil.iter_modules(pages.__path__)]
SOURCES = {name: (Path(pages.__path__[0]) / f"{name}.py").read_text("utf-8") for name in NAMES if name != "texts"}
FIELDS = ("number", "expiry", "cvc", "name", "amount")
# Keys that are put together where they are used.
MADE = {
    *(f"kind.{kind}" for kind in Kind),
    *(f"state.{state}" for state in TransactionState),
    *(f"subscription.status.{state}" for state in SubscriptionState),
    *(f"challenge.{answer}" for answer in ChallengeAnswer),
    *(f"amount.{row.pattern}" for row in TEST_AMOUNTS),
    *(f"card.{'challenge' if row.rule.challenges else row.rule.response_code}" for row in TEST_CARDS),
    *(f"{problem}.{field}" for problem in ("required", "invalid") for field in FIELDS),
    *(f"pay.{field}" for field in FIELDS),
    *(f"ended.{name}" for name in ("paid", "declined", "cancelled", "timed_out")),
    *(f"overview.{name}" for name in ("newer", "older", "currency", "captured", "refunded", "balance")),
}


@pytest.mark.parametrize("key", TEXTS)
def test_every_language_has_the_text_with_the_same_places(key: str) -> None:
    texts = [getattr(TEXTS[key], language) for language in LANGUAGES]
    assert all(text.strip() for text in texts)
    places = [sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None) for text in texts]
    assert places[0] == places[1]


def test_the_table_holds_what_is_used_and_no_more() -> None:
    source = "".join(SOURCES.values())
    assert set(re.findall(r'words\("([^"]+)"', source)) | MADE <= set(TEXTS)
    assert set(TEXTS) == {key for key in TEXTS if f'"{key}"' in source} | MADE


@pytest.mark.parametrize("name", SOURCES)
def test_no_text_stands_in_the_templates(name: str) -> None:
    module = importlib.import_module(f"{pages.__name__}.{name}")
    templates = [value for value in vars(module).values() if type(value) is str and value.lstrip().startswith("<")]
    for template in templates:
        shown = re.sub(r"<[^>]*>|\{\w+\}|&\w+;", "", template)
        assert not any(letter.isalpha() for letter in shown)
        for said in re.findall(r'(?:aria-label|title|alt|placeholder|data-label)="([^"]*)"', template):
            assert re.fullmatch(r"\{\w+\}", said)


def test_the_japanese_texts_are_japanese() -> None:
    no_words = {"none", "other_currency", "dev.x_api_key"}  # a dash, a form of amounts, the name of a header
    assert {key for key, text in TEXTS.items() if not re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", text.ja)} == no_words


def test_words_fill_their_places_in() -> None:
    assert Words("en")("overview.page", page=2) == "Page 2"
    assert Words("ja")("overview.page", page=2) == "2ページ"
    assert (Words("en").other, Words("ja").other) == ("ja", "en")
