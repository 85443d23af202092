"""The line to the broker: each trap of paho and of MQTT that can lose or invent a message."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from gateway.broker.session import Session
from gateway.core.effects import Publish as Publication
from protocols.mqtt_broker_side import Connect, Disconnect, Subscribe
from protocols.mqtt_packets import Puback, Publish

OnBench = Callable[..., None]


def test_a_connection_is_clean_and_carries_the_will_with_its_number(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        await bench.until(lambda: bench.link.connected)
        (connect,) = bench.broker.of(Connect)
        assert connect.clean
        assert connect.client_id == "gw"
        assert connect.will == ("hk1/lf/gw/state", b"lost 1", 1, True)

    on_bench(scenario)


def test_it_is_up_only_when_the_subscription_stands(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        bench.broker.granted = b""  # the broker is slow with its SUBACK
        await bench.until(lambda: bench.broker.of(Subscribe))
        assert bench.broker.of(Subscribe)[0].filters == [("hk1/lf/+/up/#", 1)]
        await asyncio.sleep(0.05)
        assert not bench.link.connected
        assert not bench.link.publish(Publication("hk1/lf/gw/state", b"online", 1, True))
        assert bench.said == []

    on_bench(scenario)


def test_a_refused_subscription_is_no_connection(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        bench.broker.granted = b"\x80"
        await bench.until(lambda: "refused to subscribe" in bench.link.problem)
        assert not bench.link.connected
        bench.broker.granted = b"\x01"
        await bench.until(lambda: bench.link.connected)

    on_bench(scenario)


def test_an_attempt_that_broke_before_it_was_up_does_not_share_its_will(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        bench.broker.granted = b"\x80"
        await bench.until(lambda: len(bench.broker.of(Connect)) > 1)
        bench.broker.granted = b"\x01"
        await bench.until(lambda: bench.link.connected)
        wills = [connect.will[1] for connect in bench.broker.of(Connect)]
        assert len(set(wills)) == len(wills)
        assert wills[-1] == b"lost %d" % bench.link.connection

    on_bench(scenario)


def test_a_message_is_acknowledged_only_when_told_and_in_order(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        await bench.until(lambda: bench.link.connected)
        for packet_id in (11, 12, 13):
            bench.broker.send("hk1/lf/w01-pad/up/ev", b"%d" % packet_id, packet_id)
        await bench.until(lambda: len(bench.messages) == 3)
        await asyncio.sleep(0.05)
        assert bench.broker.of(Puback) == []
        bench.link.acknowledge([message.receipt for message in bench.messages])
        await bench.until(lambda: len(bench.broker.of(Puback)) == 3)
        assert [packet.packet_id for packet in bench.broker.of(Puback)] == [11, 12, 13]

    on_bench(scenario)


def test_an_acknowledgement_of_an_older_connection_is_dropped(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        await bench.until(lambda: bench.link.connected)
        bench.broker.send("hk1/lf/w01-pad/up/ev", b"old", 7)
        await bench.until(lambda: bench.messages)
        bench.broker.cut()
        await bench.until(lambda: bench.said.count("up") == 2)
        bench.broker.send("hk1/lf/w02-pad/up/ev", b"another, of the same packet id", 7)
        await bench.until(lambda: len(bench.messages) == 2)
        bench.link.acknowledge([bench.messages[0].receipt])
        await asyncio.sleep(0.05)
        assert bench.broker.of(Puback) == []
        assert bench.link.counters.stale_acknowledgements == 1
        bench.link.acknowledge([bench.messages[1].receipt])
        await bench.until(lambda: bench.broker.of(Puback))

    on_bench(scenario)


def test_it_subscribes_again_on_every_connection_and_numbers_the_wills(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        for count in (1, 2, 3):
            await bench.until(lambda count=count: bench.said.count("up") == count)
            bench.broker.cut()
            await bench.until(lambda count=count: bench.said.count("down") == count)
        await bench.until(lambda: len(bench.broker.of(Subscribe)) == 4)
        wills = [connect.will[1] for connect in bench.broker.of(Connect)]
        assert wills == [b"lost 1", b"lost 2", b"lost 3", b"lost 4"]

    on_bench(scenario)


def test_nothing_said_while_down_is_sent_later(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        await bench.until(lambda: bench.link.connected)
        bench.broker.acknowledges = False
        assert bench.link.publish(
            Publication("hk1/lf/wall-1/down/want", b"unacknowledged", 1, True)
        )
        await bench.until(lambda: bench.broker.of(Publish))
        bench.broker.cut()
        await bench.until(lambda: not bench.link.connected)
        assert not bench.link.publish(Publication("hk1/lf/wall-1/down/want", b"down", 1, True))
        bench.broker.packets.clear()
        await bench.until(lambda: bench.said.count("up") == 2)
        assert bench.link.publish(Publication("hk1/lf/wall-1/down/want", b"new", 1, True))
        await bench.until(lambda: bench.broker.of(Publish))
        await asyncio.sleep(0.05)
        assert [packet.payload for packet in bench.broker.of(Publish)] == [b"new"]

    on_bench(scenario)


def test_a_broker_that_comes_late_is_found(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        await bench.until(lambda: bench.link.connected)
        await bench.broker.stop()
        await bench.until(lambda: "refused" in bench.link.problem, "no word of the closed port")
        await bench.broker.start()
        await bench.until(lambda: bench.link.connected)
        assert bench.said == ["up", "down", "up"]

    on_bench(scenario)


def test_a_wrong_password_is_named(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        bench.broker.connack_code = 5
        await bench.until(lambda: "Not authorized" in bench.link.problem)
        assert bench.said == []

    on_bench(scenario)


def test_a_mute_broker_is_left_for_a_new_connection(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        await bench.until(lambda: bench.link.connected)
        bench.broker.answers_pings = False
        await bench.until(lambda: bench.broker.connections == 2)
        assert bench.said[:2] == ["up", "down"]

    on_bench(scenario, keepalive_s=1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_network_thread_is_replaced_by_the_watchdog(
    on_bench: OnBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise SystemExit  # ends the thread without a word, past every `except Exception`

    async def scenario(bench: Any) -> None:
        await bench.until(lambda: bench.link.connected)
        with monkeypatch.context() as patch:
            patch.setattr(Session, "_tell", die)
            bench.broker.send("hk1/lf/w01-pad/up/ev", b"x", 1)
            await bench.until(lambda: bench.link.counters.watchdog_rebuilds == 1)
        await bench.until(lambda: bench.said.count("up") == 2)
        assert bench.said == ["up", "down", "up"]

    on_bench(scenario, keepalive_s=1)


def test_an_exception_while_handing_over_costs_one_connection_not_the_thread(
    on_bench: OnBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(bench: Any) -> None:
        await bench.until(lambda: bench.link.connected)
        whole = bench.link._sink
        failures = []

        def fail_once(happening: Any) -> None:
            if not failures:
                failures.append(happening)
                raise RuntimeError("planted")
            whole(happening)

        assert bench.link._session is not None
        monkeypatch.setattr(bench.link._session, "_sink", fail_once)
        bench.broker.send("hk1/lf/w01-pad/up/ev", b"lost with the connection", 1)
        await bench.until(lambda: bench.said == ["up", "down", "up"])
        bench.broker.send("hk1/lf/w01-pad/up/ev", b"again", 1)
        await bench.until(lambda: [m.payload for m in bench.messages] == [b"again"])

    on_bench(scenario)


def test_a_flood_is_bounded_and_cuts_the_connection(
    on_bench: OnBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(bench: Any) -> None:
        await bench.until(lambda: bench.link.connected)
        waiting = []
        # The gateway's loop is busy: nothing is taken out of the queue.
        monkeypatch.setattr(bench.link, "_drain", lambda: waiting.append(1))
        for packet_id in range(1, 40):
            bench.broker.send("hk1/lf/w01-pad/up/ev", b"x", packet_id)
        await bench.until(lambda: bench.link.counters.overflows == 1)
        assert len(bench.link._waiting) == 11  # ten messages and the end of the connection
        monkeypatch.undo()
        bench.link._drain()
        await bench.until(lambda: bench.said.count("up") == 2)
        assert "10 messages wait" not in bench.link.problem
        assert len(bench.messages) == 10

    on_bench(scenario, waiting_max=10)


def test_sockets_do_not_wait_to_fill_a_segment(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        await bench.until(lambda: bench.link.connected)
        sock = bench.link._session._client.socket()
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    on_bench(scenario)


def test_a_clean_stop_says_farewell_and_disconnects(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        await bench.until(lambda: bench.link.connected)
        await bench.link.close(Publication("hk1/lf/gw/state", b"bye", 1, True))
        await bench.until(lambda: bench.broker.of(Disconnect))
        assert [packet.payload for packet in bench.broker.of(Publish)] == [b"bye"]
        assert bench.said == ["up"]

    on_bench(scenario)


def test_a_close_while_nothing_answers_ends_at_once(on_bench: OnBench) -> None:
    async def scenario(bench: Any) -> None:
        await bench.broker.stop()
        await bench.until(lambda: bench.link.problem != "not connected yet")

    on_bench(scenario, delay_min_s=5.0)
