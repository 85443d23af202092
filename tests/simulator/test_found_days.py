"""Days on which a campaign or a hunt found something, each under the name of what it was."""

from dataclasses import replace

import pytest

from simulator.swarm import swarm
from simulator.world import World

# Found since there is a chief, phones and a hurry; the others are run as they were found.
WITH_CALLERS = tuple(("brief", seed) for seed in (3129, 3860, 3915, 5207, 8569, 9661))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mix", "seed"),
    [
        pytest.param("swarm", 119, id="an-officer-whose-pad-is-dark-at-closing-time-stays"),
        pytest.param("swarm", 163, id="a-new-voice-board-says-what-nobody-knows-the-old-one-said"),
        pytest.param("swarm", 153, id="a-voice-is-there-though-the-broker-kept-a-will-told-late"),
        pytest.param("swarm", 1085, id="a-damaged-journal-on-a-failing-disk-is-refused-for-either"),
        pytest.param("swarm", 1186, id="a-new-kiosk-board-marks-what-the-old-one-may-have-printed"),
        pytest.param("brief", 161, id="a-dial-of-a-boot-that-is-over-is-not-answered-to-the-next"),
        pytest.param("brief", 78, id="a-line-that-was-ended-unheard-is-found-reset"),
        pytest.param("brief", 89, id="a-wrong-clock-before-the-first-start-is-nobodys-fault"),
        pytest.param("brief", 102, id="a-lamp-that-was-amber-is-not-seen-blinking-green"),
        pytest.param("brief", 5207, id="a-board-is-not-replaced-while-an-announcement-lasts"),
        pytest.param("brief", 9661, id="a-lamp-that-starts-is-not-seen-blinking"),
        pytest.param(
            "brief", 3129, id="a-press-held-up-since-before-the-gateway-began-is-not-young"
        ),
        pytest.param("brief", 3860, id="a-press-dated-by-an-older-gateway-is-sent-again"),
        pytest.param("brief", 3915, id="a-press-held-up-over-an-upgrade-is-not-young"),
        pytest.param("brief", 8569, id="a-refusal-that-comes-again-was-told-when-it-came-first"),
    ],
)
def test_a_day_that_once_broke_a_promise_keeps_it(mix: str, seed: int) -> None:
    plan = swarm(seed, mix)
    if (mix, seed) not in WITH_CALLERS:
        plan = replace(plan, day=replace(plan.day, chief=False, phones_percent=0, hurry=1))
    assert sum(World(plan).run().outcomes.values()) == plan.day.visitors
