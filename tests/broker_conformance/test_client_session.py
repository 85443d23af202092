"""Our client session over a real socket, against both brokers."""

import select
import socket
import time

import pytest

from protocols.mqtt_session import ClientSession
from protocols.ticks import TICKS_MASK


class Shell:
    """The smallest loop around a session: one socket, the clock, a deadline on every wait."""

    def __init__(self, port: int, session: ClientSession) -> None:
        self.session = session
        self.events: list[tuple] = []
        self._socket = socket.create_connection(("127.0.0.1", port), 5)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session.connection_made(self.now())

    @staticmethod
    def now() -> int:
        return time.monotonic_ns() // 1_000_000 & TICKS_MASK

    def run_until(self, kind: str, count: int = 1) -> list[tuple]:
        """Turn the loop until `count` events of the kind are there; returns and removes them."""
        deadline = time.monotonic() + 20
        while sum(event[0] == kind for event in self.events) < count:
            assert time.monotonic() < deadline, f"no {kind}; events: {self.events}"
            self.turn()
        self._socket.sendall(self.session.take_output())
        taken = [event for event in self.events if event[0] == kind]
        self.events = [event for event in self.events if event[0] != kind]
        return taken

    def turn(self) -> None:
        """Send what waits, take what came or 20 ms of silence, tell the time."""
        self._socket.sendall(self.session.take_output())
        if select.select([self._socket], [], [], 0.02)[0]:
            try:
                data = self._socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if data:
                self.session.receive(self.now(), data)
            else:
                self.session.connection_lost(self.now())
        self.session.wake(self.now())
        self.events += self.session.take_events()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def shell(broker, secret):
    made: list[Shell] = []

    def make(client_id: str, user: str = "gw", keepalive_s: int = 15, **options) -> Shell:
        session = ClientSession(client_id, keepalive_s, user, secret(user), **options)
        made.append(Shell(broker.port, session))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_it_connects_subscribes_publishes_and_hears_itself(shell, base):
    one = shell(base)
    assert one.run_until("connected") == [("connected", False)]
    packet_id = one.session.subscribe(one.now(), [(base, 1), (f"{base}/+", 0)])
    assert one.run_until("subscribed") == [("subscribed", packet_id, b"\x01\x00")]
    packet_id = one.session.publish(one.now(), base, b"x" * 2000, 1)
    assert one.run_until("published") == [("published", packet_id)]
    message = one.run_until("message")[0]
    assert message[:6] == ("message", base, b"x" * 2000, 1, False, False)
    packet_id = one.session.unsubscribe(one.now(), [base])
    assert one.run_until("unsubscribed") == [("unsubscribed", packet_id)]


def test_three_hundred_in_flight_are_all_acknowledged(shell, base):
    one = shell(base)
    one.run_until("connected")
    one.session.subscribe(one.now(), [(base, 1)])
    one.run_until("subscribed")
    ids = [one.session.publish(one.now(), base, b"%d" % number, 1) for number in range(300)]
    assert [event[1] for event in one.run_until("published", 300)] == ids
    messages = one.run_until("message", 300)
    assert [int(message[2]) for message in messages] == list(range(300))


def test_a_wrong_password_is_told(broker, base):
    session = ClientSession(base, 15, "gw", b"wrong")
    one = Shell(broker.port, session)
    assert one.run_until("closed") == [("closed", "refused: not authorised")]
    one.close()


def test_its_will_is_published_on_loss_and_not_on_disconnect(shell, peer, base):
    watcher = peer()
    watcher.subscribe((f"{base}/+", 1))
    polite = shell(f"{base}-polite", will=(f"{base}/polite", b"lost", 1, False))
    polite.run_until("connected")
    polite.session.disconnect(polite.now())
    assert polite.run_until("closed") == [("closed", "disconnected")]
    polite.close()
    rude = shell(f"{base}-rude", will=(f"{base}/rude", b"lost", 1, False))
    rude.run_until("connected")
    rude.close()
    assert watcher.next() == (f"{base}/rude", b"lost", 1, False)


def test_a_takeover_is_told_as_a_lost_connection(shell, base):
    first = shell(base)
    first.run_until("connected")
    shell(base).run_until("connected")
    assert first.run_until("closed") == [("closed", "connection lost")]


def test_an_unacknowledged_message_comes_again_to_the_next_connection(shell, peer, base):
    options = {"clean": False, "manual_ack": True}
    first = shell(base, **options)
    first.run_until("connected")
    first.session.subscribe(first.now(), [(base, 1)])
    first.run_until("subscribed")
    peer().publish(base, b"x")
    assert first.run_until("message")[0][5] is False
    first.close()
    second = shell(base, **options)
    assert second.run_until("connected") == [("connected", True)]
    message = second.run_until("message")[0]
    assert (message[2], message[5]) == (b"x", True)
    second.session.acknowledge(second.now(), message[6])
    second.session.subscribe(second.now(), [(f"{base}/other", 1)])
    second.run_until("subscribed")
    second.close()
    third = shell(base, **options)
    third.run_until("connected")
    third.session.subscribe(third.now(), [(f"{base}/other", 1)])
    third.run_until("subscribed")
    assert third.events == []


@pytest.mark.slow
def test_its_pings_keep_a_quiet_connection_open(shell, base):
    one = shell(base, keepalive_s=2)
    one.run_until("connected")
    enough = time.monotonic() + 5
    while time.monotonic() < enough:
        one.turn()
    packet_id = one.session.publish(one.now(), base, b"", 1)
    assert one.run_until("published") == [("published", packet_id)]
    assert one.events == []
