"""A voice chip (SYN6288 or XFS5152) at the level of its bytes, in virtual time.

It answers every frame at once (accepted or rejected), speaks as long as the text takes, and says
"idle" by itself at the end. As the real chip it obeys at once: a frame that comes while it speaks
cuts that speech off; that is kept in `heard`, because it is what must never happen.
A SYN6288 drops a frame whose bytes lie more than `byte_gap_ms` apart, and checks the xor; an
XFS5152 has no checksum and says whatever it gets.

Fault knobs: `mute` (it speaks and answers nothing), `unplugged` (no byte arrives or leaves),
`answers_to_drop`, `ends_to_drop` ("idle" lost on the wire), `rejects` (so many good frames are
refused), `slow_percent`, `ms_per_character`.
Source: SYN6288 data sheet (2016-03-09); XFS5152: public source files, see the codec.
"""

import re
from dataclasses import dataclass, replace

from protocols.peripherals import syn6288, tts, xfs5152

SYN6288 = "syn6288"
XFS5152 = "xfs5152"
ENCODINGS = ("gb2312", "gbk", "big5", "utf-16-be")

_HEAD = 0xFD
_SPEAK, _STOP, _PAUSE, _RESUME, _STATUS, _SLEEP = 0x01, 0x02, 0x03, 0x04, 0x21, 0x88
_MARK = re.compile(r"\[[a-z]\d{1,2}\]")
_TEXT_MAX = {SYN6288: syn6288.TEXT_BYTES_MAX, XFS5152: xfs5152.TEXT_BYTES_MAX}


@dataclass(frozen=True)
class Speech:
    """One frame of text as it was heard; `cut_off` when it did not reach its end."""

    text: str
    music: int
    start_ms: int
    end_ms: int
    cut_off: bool = False


class TtsChip:
    """One chip; call `advance` (or `write`, `read`) with a time that never goes back."""

    def __init__(self, name: str = SYN6288) -> None:
        if name not in _TEXT_MAX:
            raise ValueError(f"chip {name!r}: there are {SYN6288} and {XFS5152}")
        self.name = name
        self.mute = False
        self.unplugged = False
        self.answers_to_drop = 0
        self.ends_to_drop = 0
        self.rejects = 0
        self.slow_percent = 100
        self.ms_per_character = 200
        self.byte_gap_ms = 8 if name == SYN6288 else None
        self.heard: list[Speech] = []
        self.noise = 0  # bytes outside of any frame, and of frames given up
        self._buffer = bytearray()
        self._byte_at_ms = 0
        self._out = bytearray()
        self._speaking = False
        self._held_ms: int | None = None  # left to say, while paused
        self._now_ms = 0

    # --- the rim -------------------------------------------------------------------------

    def write(self, data: bytes, now_ms: int) -> None:
        """The host sends bytes; a chip without power hears none."""
        self.advance(now_ms)
        if self.unplugged or not data:
            return
        gap_ms = now_ms - self._byte_at_ms
        if self._buffer and self.byte_gap_ms is not None and gap_ms > self.byte_gap_ms:
            self.noise += len(self._buffer)
            self._buffer.clear()
        self._byte_at_ms = now_ms
        self._buffer += data
        self._take_frames()

    def read(self, now_ms: int) -> bytes:
        """What the chip has sent to the host since the last call."""
        self.advance(now_ms)
        data = bytes(self._out)
        self._out.clear()
        return data

    def advance(self, now_ms: int) -> None:
        """Let time pass up to `now_ms`."""
        if now_ms < self._now_ms:
            raise ValueError(f"time went back from {self._now_ms} to {now_ms} ms")
        self._now_ms = now_ms
        if self._speaking and self._held_ms is None and self.heard[-1].end_ms <= now_ms:
            self._speaking = False
            if self.ends_to_drop:
                self.ends_to_drop -= 1
            else:
                self._send(tts.IDLE)

    def wake_at_ms(self) -> int | None:
        """When something will happen by itself; None when nothing will."""
        return self.heard[-1].end_ms if self._speaking and self._held_ms is None else None

    def power_cut(self, now_ms: int) -> None:
        """The supply fails and comes back: silence, then "initialised"."""
        self.advance(now_ms)
        self._break_off()
        self._buffer.clear()
        self._send(tts.INITIALISED)

    @property
    def busy(self) -> bool:
        """Whether it is in the middle of a text."""
        return self._speaking

    # --- frames --------------------------------------------------------------------------

    def _take_frames(self) -> None:
        while self._buffer:
            if self._buffer[0] != _HEAD:
                self.noise += 1
                del self._buffer[0]
                continue
            if len(self._buffer) < 3:
                return
            length = int.from_bytes(self._buffer[1:3], "big")
            if not 1 <= length <= _TEXT_MAX[self.name] + 3:
                self.noise += 1
                del self._buffer[0]
                self._answer(good=False)
                continue
            if len(self._buffer) < 3 + length:
                return
            frame = bytes(self._buffer[: 3 + length])
            del self._buffer[: 3 + length]
            self._carry_out(frame)

    def _carry_out(self, frame: bytes) -> None:
        body = frame[3:]
        if self.name == SYN6288:
            check = 0
            for byte in frame:
                check ^= byte
            if check or len(body) < 2:
                self._answer(good=False)
                return
            body = body[:-1]
        if self.rejects:
            self.rejects -= 1
            self._answer(good=False)
            return
        command, parameters = body[0], body[1:]
        if command == _STATUS:
            self._send(tts.BUSY if self._speaking else tts.IDLE)
        elif command == _SPEAK:
            self._speak(parameters)
        elif command in (_STOP, _PAUSE, _RESUME, _SLEEP):
            self._answer(good=True)
            self._control(command)
        else:
            self._answer(good=False)

    def _speak(self, parameters: bytes) -> None:
        encoding, music = parameters[0] & 0x07, parameters[0] >> 3
        try:
            text = parameters[1:].decode(ENCODINGS[encoding])
        except (IndexError, UnicodeDecodeError):
            self._answer(good=False)
            return
        self._answer(good=True)
        self._break_off()
        spoken = len(_MARK.sub("", text))
        length_ms = spoken * self.ms_per_character * self.slow_percent // 100
        self.heard.append(Speech(text, music, self._now_ms, self._now_ms + length_ms))
        self._speaking = True

    def _control(self, command: int) -> None:
        if command in (_STOP, _SLEEP):
            self._break_off()
        elif command == _PAUSE and self._speaking and self._held_ms is None:
            self._held_ms = self.heard[-1].end_ms - self._now_ms
        elif command == _RESUME and self._held_ms is not None:
            self.heard[-1] = replace(self.heard[-1], end_ms=self._now_ms + self._held_ms)
            self._held_ms = None

    def _break_off(self) -> None:
        if self._speaking:
            self.heard[-1] = replace(self.heard[-1], end_ms=self._now_ms, cut_off=True)
            self._speaking = False
            self._held_ms = None

    # --- the way back to the host --------------------------------------------------------

    def _answer(self, good: bool) -> None:
        if self.answers_to_drop:
            self.answers_to_drop -= 1
        else:
            self._send(tts.ACCEPTED if good else tts.REJECTED)

    def _send(self, byte: int) -> None:
        if not self.mute and not self.unplugged:
            self._out.append(byte)
