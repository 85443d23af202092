"""What the voice says when a ticket is called: a sequence of clip names, in the order spoken.

"请 A023 号到 3 号窗口" becomes chime, qing, A, 0, 2, 3, hao, dao, 3, hao, chuangkou. Ticket numbers
are read digit by digit; window numbers as numbers (12 is shi 2). One clip per token; the clips
themselves are made by `simulator/voice_synthesis.py` or stored on the node.
"""

CHIME = "chime"
PAUSE = "pause"  # a silence between two readings
AGAIN = "chongfu"  # "repeat call", said before a ticket that was called earlier
PLEASE = "qing"
NUMBER = "hao"
TO = "dao"
WINDOW = "chuangkou"
TEN = "shi"
ONE_SPOKEN = "yao"  # the telephone reading of the digit 1

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
WORDS = (CHIME, PAUSE, AGAIN, PLEASE, NUMBER, TO, WINDOW, TEN, ONE_SPOKEN)

READINGS_LIMIT = 3


def vocabulary() -> tuple[str, ...]:
    """Every token that can occur."""
    return tuple(DIGITS) + tuple(LETTERS) + WORDS


def spoken_number(number: str, spoken_one: bool = False) -> tuple[str, ...]:
    """A ticket number, character by character: capital letters and digits only."""
    tokens = []
    for character in number:
        if character not in LETTERS and character not in DIGITS:
            raise ValueError(f"ticket number {number!r} has {character!r}; use A-Z and 0-9")
        tokens.append(ONE_SPOKEN if spoken_one and character == "1" else character)
    if not tokens:
        raise ValueError("ticket number is empty")
    return tuple(tokens)


def spoken_window(window: int) -> tuple[str, ...]:
    """A window from 1 to 99 as a Chinese number."""
    if not 1 <= window <= 99:
        raise ValueError(f"window is {window}; it must be from 1 to 99")
    tens = window // 10
    units = window % 10
    tokens: list[str] = []
    if tens > 1:
        tokens.append(str(tens))
    if tens:
        tokens.append(TEN)
    if units:
        tokens.append(str(units))
    return tuple(tokens)


def announcement_tokens(
    number: str, window: int, repeat: int = 1, again: bool = False, spoken_one: bool = False
) -> tuple[str, ...]:
    """The whole announcement: a chime, then the sentence `repeat` times with a pause between.

    `again` marks a recall: the word "repeat call" is said before the first reading.
    """
    if not 1 <= repeat <= READINGS_LIMIT:
        raise ValueError(f"repeat is {repeat}; it must be from 1 to {READINGS_LIMIT}")
    sentence = (PLEASE,) + spoken_number(number, spoken_one) + (NUMBER, TO)
    sentence += spoken_window(window) + (NUMBER, WINDOW)
    tokens: tuple[str, ...] = (CHIME,)
    if again:
        tokens += (AGAIN,)
    for reading in range(repeat):
        if reading:
            tokens += (PAUSE,)
        tokens += sentence
    return tokens
