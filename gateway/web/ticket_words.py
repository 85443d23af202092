"""What a ticket's phone page says: from the ticket's view to finished words. Pure.

`tone` picks the colour: waiting, called, serving, warn, over.
"""

from gateway.core.json import JsonObject
from gateway.web.texts import Language, text

_TONES = {
    "called": "called",
    "serving": "serving",
    "held": "serving",
    "missed": "warn",
    "served": "over",
    "cancelled": "over",
}


def ticket_words(view: JsonObject | None, language: Language) -> dict[str, str]:
    """The words of the page; `view` is None for a ticket that is not of today."""
    if view is None:
        headline = text("unknown", language)
        words = {"number": "—", "service": "", "window": "", "tone": "over", "headline": headline}
        return {**words, "note": text("unknown_note", language), "title": headline}
    state, number = str(view["state"]), str(view["number"])
    window = str(view["window"] or "")
    headline = _headline(view, state, window, language)
    note_key = "in_line_note" if state == "waiting" else f"{state}_note"
    return {
        "number": number,
        "service": str(view[f"service_{language}"]),
        "window": window if state == "called" else "",
        "tone": _TONES.get(state, "waiting"),
        "headline": headline,
        "note": text(note_key, language, window=window),
        "title": f"{number} · {headline}",
    }


def _headline(view: JsonObject, state: str, window: str, language: Language) -> str:
    ahead = view["ahead"]
    if ahead is None:
        return text(state, language, window=window)
    if ahead == 0:
        return text("next", language)
    return text("in_line_one" if ahead == 1 else "in_line", language, ahead=ahead)
