"""The life of a node as the gateway hears it, with a broker that delivers wills late."""

from gateway.core.presence import NodePresence
from protocols.messages.node import NodeState, Shown
from protocols.wire import PROTOCOL_VERSION


def said(state, boot, connection, firmware="1.0"):
    return NodeState(
        state=state,
        boot=boot,
        connection=connection,
        protocol=PROTOCOL_VERSION,
        firmware=firmware,
        board="esp32-pad",
        kind="pad",
    )


def test_will_of_a_dead_connection_that_comes_after_the_new_birth_is_ignored():
    presence = NodePresence()
    assert presence.note_state(said("online", 3, 1)) == "born"
    assert presence.note_state(said("online", 3, 2)) == "born"
    assert presence.note_state(said("lost", 3, 1)) == "ignored"
    assert presence.online
    assert presence.note_state(said("lost", 3, 2)) == "noted"
    assert not presence.online


def test_will_of_an_earlier_boot_is_ignored():
    presence = NodePresence()
    presence.note_state(said("online", 4, 1))
    presence.note_state(said("lost", 3, 9))
    assert presence.online


def test_same_birth_heard_twice_is_no_second_birth():
    presence = NodePresence()
    assert presence.note_state(said("online", 3, 1)) == "born"
    assert presence.note_state(said("online", 3, 1)) == "noted"


def test_retained_birth_of_an_earlier_connection_does_not_bring_a_dead_node_back():
    presence = NodePresence()
    presence.note_state(said("online", 3, 2))
    presence.note_state(said("lost", 3, 2))
    assert presence.note_state(said("online", 3, 1)) == "ignored"
    assert not presence.online


def test_new_board_that_counts_its_boots_from_one_is_heard():
    presence = NodePresence()
    presence.note_state(said("online", 500, 1))
    presence.note_state(said("lost", 500, 1))
    assert presence.note_state(said("online", 1, 1, firmware="2.0")) == "born"
    assert presence.online
    assert presence.firmware == "2.0"


def test_what_is_shown_is_noted_with_its_epoch():
    presence = NodePresence()
    presence.note_shown(Shown(epoch=9, rev=4, fresh=True, outbox_age_ms=0))
    assert (presence.shown_epoch, presence.shown_rev, presence.fresh) == (9, 4, True)
