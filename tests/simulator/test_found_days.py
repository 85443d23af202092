"""Days on which a campaign or a hunt found something, each under the name of what it was."""

import pytest

from simulator.swarm import swarm
from simulator.world import World


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(119, id="an-officer-whose-pad-is-dark-at-closing-time-stays"),
        pytest.param(163, id="a-new-voice-board-says-what-nobody-knows-the-old-one-said"),
        pytest.param(153, id="a-voice-is-there-though-the-broker-kept-a-will-told-late"),
        pytest.param(1085, id="a-damaged-journal-on-a-disk-that-fails-is-refused-for-either"),
        pytest.param(1186, id="a-new-kiosk-board-marks-what-the-old-one-may-have-printed"),
    ],
)
def test_a_day_that_once_broke_a_promise_keeps_it(seed: int) -> None:
    plan = swarm(seed)
    assert sum(World(plan).run().outcomes.values()) == plan.day.visitors
