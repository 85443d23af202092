"""What pages say, in Chinese and English, from one catalogue."""

import json
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["zh", "en"]
CATALOGUE = Path(__file__).with_name("texts.json")


@cache
def catalogue() -> dict[str, dict[Language, str]]:
    """All texts by key."""
    texts: dict[str, dict[Language, str]] = json.loads(CATALOGUE.read_text("utf-8"))
    return texts


def text(key: str, language: Language, **values: object) -> str:
    """One text with its values put in; KeyError for a key that is not in the catalogue."""
    return catalogue()[key][language].format(**values)
