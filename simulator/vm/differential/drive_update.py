"""The update of a node, over blocks that come late, twice, spoilt or never. MicroPython subset.

Lines are what the node says, what it stores, and (~) its slots. Also LMS: real signatures of a key
that has one leaf only, because a whole tree takes seconds.
"""

import binascii
from hashlib import sha256

from firmware.shell.boot_state import BootState
from firmware.shell.manifest import MANIFEST, SIGNATURE
from firmware.shell.update import Updater
from firmware.shell.update_session import Session
from protocols import lms
from protocols.messages.service import BLOCK_BYTES_MAX, Block, BlockWanted, UpdateOffer
from protocols.ticks import TICKS_MASK, ticks_add, ticks_diff
from simulator.vm.differential.chance import Chance
from simulator.vm.differential.memory_slot import MemorySlot
from simulator.vm.differential.shown import show

MPY = 6
PAUSES_MS = (0, 20, 1000, 5000, 61000, 400000)


def one_signature(chance: Chance, message: bytes) -> tuple[bytes, bytes]:
    """(public key, its only signature): a leaf at any place, and any path above it."""
    index = chance.below(lms.LEAVES)
    key_id = chance.bytes(lms.KEY_ID_BYTES)
    place = key_id + index.to_bytes(4, "big")
    random = chance.bytes(lms.HASH_BYTES)
    digits = lms.message_digits(sha256, place, random, [message])
    ends = sha256(place + lms.CHAINS_END)
    signature = place[-4:] + lms.CHAIN_TYPE + random
    for chain in range(lms.CHAINS):
        secret = chance.bytes(lms.HASH_BYTES)
        signature += lms.walk(sha256, place, chain, secret, 0, digits[chain])
        ends.update(lms.walk(sha256, place, chain, secret, 0, lms.STEPS))
    node = lms.leaf(sha256, key_id, index, ends.digest())
    signature += lms.TREE_TYPE
    number = lms.LEAVES + index
    while number > 1:
        other = chance.bytes(lms.HASH_BYTES)
        signature += other
        pair = other + node if number & 1 else node + other
        number >>= 1
        node = lms.inner(sha256, key_id, number, pair)
    return lms.TREE_TYPE + lms.CHAIN_TYPE + key_id + node, signature


def manifest_of(release: int, mpy: int, files: list[tuple[str, bytes]]) -> bytes:
    """As gateway/releases writes it."""
    rows = []
    for path, data in files:
        digest = str(binascii.hexlify(sha256(data).digest()), "ascii")
        rows.append('["%s",%d,"%s"]' % (path, len(data), digest))
    head = '{"release":%d,"name":"r","mpy":%d,"files":[\n' % (release, mpy)
    return (head + ",\n".join(rows) + "\n]}\n").encode()


class Peer:
    """The shell, the flash and the gateway of one node that is updated from release 4 to 5."""

    def __init__(self, chance: Chance, say) -> None:
        self.chance = chance
        self.say = say
        self.now_ms = chance.pick((0, 99999, TICKS_MASK - 40000))
        self.files = [
            ("firmware/a.mpy", chance.bytes(chance.below(1200))),
            ("firmware/b/c.mpy", chance.bytes(chance.between(1, 700))),
            ("protocols/d.mpy", chance.bytes(BLOCK_BYTES_MAX)),
        ]
        mpy = MPY if chance.below(8) else 5
        self.manifest = manifest_of(5, mpy, self.files)
        self.public_key, self.signature = one_signature(chance, self.manifest)
        if chance.one_in(8):
            self.signature = self.spoilt(self.signature)
        old = {
            "firmware/a.mpy": b"old",
            MANIFEST: manifest_of(4, MPY, [("firmware/a.mpy", b"old")]),
        }
        room = 1000 if chance.below(8) else chance.below(20)
        self.slots = {"a": MemorySlot(old), "b": MemorySlot({"firmware/old/x.mpy": b"x"}, room)}
        self.stored = b""
        self.asked: list[BlockWanted] = []
        self.link_up = False
        self.start()

    def start(self) -> None:
        """A new node on what the one before left; the boot code chooses."""
        words = self.stored.split(b" ")
        trial = len(words) > 2 and words[1] != b"0" and words[2] != b"0"
        if trial:
            state = BootState("a", int(words[1]), int(words[2]) - 1, int(words[3]), int(words[4]))
            self.keep(state.encode())
        slot = str(words[0], "ascii") if self.stored else "a"
        if trial:
            slot = "b" if slot == "a" else "a"
        for name in ("a", "b"):
            self.slots[name].drop()
        release = 5 if slot == "b" else 4
        self.updater = Updater(
            self.now_ms, slot, release, self.stored, self.slots, self.keep, self.make_session
        )
        self.say("start " + slot)
        self.asked = []

    def keep(self, value: bytes) -> None:
        """The store."""
        self.stored = value
        self.say("keep " + show(value))

    def make_session(self, now_ms: int, offer: UpdateOffer) -> Session:
        """As update_esp32.py."""
        return Session(now_ms, offer, self.slots["b"], sha256, self.public_key, MPY)

    def pump(self) -> None:
        """Wake it as often as it asks for, at this tick."""
        for _ in range(60):
            self.updater.wake(self.now_ms, self.link_up, self.chance.one_in(9))
            for message in self.updater.take_messages():
                self.say(show(message))
                if isinstance(message, BlockWanted):
                    self.asked.append(message)
            wake = self.updater.wake_at()
            if wake is None or ticks_diff(wake, self.now_ms) > 0:
                break
        if self.updater.wants_reset:
            self.start()

    def spoilt(self, data: bytes) -> bytes:
        """A bit of it turned."""
        at = self.chance.below(len(data))
        return data[:at] + bytes([data[at] ^ 1 << self.chance.below(8)]) + data[at + 1 :]

    def answer(self, wanted: BlockWanted) -> None:
        """The gateway's block, now and then not as it should be."""
        files = [self.manifest, self.signature] + [data for _, data in self.files]
        if wanted.release == 4:
            files = [b"".join(list(self.slots["a"].pieces(MANIFEST)))]
        data = files[wanted.file] if wanted.file < len(files) else b""
        data = data[wanted.at : wanted.at + BLOCK_BYTES_MAX]
        if data and self.chance.one_in(30):
            data = self.spoilt(data)
        text = str(binascii.b2a_base64(data), "ascii").rstrip("\n")
        if self.chance.one_in(40):
            text = text[:-1]
        block = Block(release=wanted.release, file=wanted.file, at=wanted.at, data=text)
        self.updater.receive(self.now_ms, block)

    def step(self) -> None:
        """Something happens."""
        chance = self.chance
        draw = chance.below(40)
        if draw < 24 and self.asked and self.link_up:
            wanted = self.asked[-1] if chance.below(6) else chance.pick(self.asked)
            if chance.below(10):
                self.answer(wanted)
        elif draw < 27:
            self.link_up = not self.link_up or chance.below(3) > 0
        elif draw < 30:
            offer = UpdateOffer(
                release=chance.pick((5, 5, 5, 5, 4, 3, 6)),
                name="r",
                manifest_bytes=len(self.manifest),
                signature_bytes=len(self.signature),
            )
            self.updater.receive(self.now_ms, offer)
        elif draw == 30:
            self.start()
        elif draw == 31:
            self.slots["b"].broken = chance.one_in(3)
        else:
            self.now_ms = ticks_add(self.now_ms, chance.pick(PAUSES_MS))
        self.pump()
        updater = self.updater
        flags = (updater.slot, updater.release, updater.on_trial, updater.wake_at())
        self.say("~ is " + show(flags))


def drive(what: str, chance: Chance, steps: int, say) -> None:
    """ "session": `steps` happenings; "lms": signatures, good and spoilt."""
    if what == "lms":
        for _ in range(steps // 20 + 1):
            _signatures(chance, say)
        return
    peer = Peer(chance, say)
    for _ in range(steps):
        peer.step()
    for name in ("a", "b"):
        slot = peer.slots[name]
        for path in sorted(slot.files):
            say("~ " + name + " " + path + " " + show(sha256(slot.files[path]).digest()))
    assert SIGNATURE not in peer.slots["a"].files, "the running slot was touched"


def _signatures(chance: Chance, say) -> None:
    message = chance.bytes(chance.below(300))
    public_key, signature = one_signature(chance, message)
    say(show(public_key) + " " + show(signature[-64:]))
    for text in (public_key, signature, message):
        at = chance.below(len(text) + 1)
        bad = text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :] if at < len(text) else text + b"x"
        key = bad if text is public_key else public_key
        sign = bad if text is signature else signature
        about = bad if text is message else message
        say(show(lms.verify(sha256, key, sign, [about])))
    cut = chance.below(len(message) + 1)
    good = lms.verify(sha256, public_key, signature, [message[:cut], message[cut:]])
    assert good, "its own signature was refused"
