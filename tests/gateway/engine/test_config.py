"""Whatever a hall file may say, its messages fit the wire."""

import pytest
from pydantic import ValidationError

from gateway.config import HallConfig
from gateway.systems.calling import commands as c


def longest_hall(hall_config):
    """Every text as long as its rule allows, as many services as there may be."""
    data = hall_config.model_dump()
    data["hall"] |= {
        "name_zh": "税" * 30,
        "notice_zh": "税" * 40,
        "notice_en": "n" * 80,
        "public_url": "https://" + "u" * 92,
    }
    data["service"] = [
        {
            "code": f"service-{number}-0",
            "prefix": chr(ord("A") + number),
            "name_zh": "税" * 10,
            "name_en": "e" * 20,
            "limit_minutes": 1,
        }
        for number in range(8)
    ]
    codes = [service["code"] for service in data["service"]]
    for window in data["window"]:
        window["services"] = codes
    for officer in data["officer"]:
        officer |= {"name": "买" * 10, "services": codes}
    return HallConfig.model_validate(data)


def test_longest_hall_file_there_may_be_still_fits_every_message(hall_config, make_rig, read):
    config = longest_hall(hall_config)
    rig = make_rig(config).ready("kiosk-1", "voice-1")
    for number, window in enumerate(config.window):
        officer = config.officer[number].staff_number
        assert rig.ask(c.SignIn(window.id, officer), f"in-{number}").status == "done"
        rig.touch(seq=number + 1, service="service-0-0")
        rig.round()
        assert rig.ask(c.CommandWindow(window.id, "next"), f"next-{number}").status == "done"
    for number, window in enumerate(config.window):
        assert rig.ask(c.CommandWindow(window.id, "finish"), f"end-{number}").status == "done"
    wants = read.wants(rig.sent)
    assert wants["w08-rating"].officer == "买" * 10
    assert len(wants["wall-1"].rows) == 8
    assert len(wants["kiosk-1"].services) == 8
    prints = [job for node, job in read.jobs(rig.sent) if node == "kiosk-1"]
    assert prints[0].url.startswith("https://uuu")
    assert prints[0].service_zh == "税" * 10


@pytest.mark.parametrize(
    ("table", "field", "text"),
    [
        ("officer", "name", "𬱖" * 8),
        ("service", "name_zh", "𬱖" * 8),
        ("hall", "notice_zh", "𬱖" * 31),
        ("hall", "public_url", "https://税务.cn"),
    ],
)
def test_text_that_would_not_fit_its_field_on_the_wire_is_refused(hall_config, table, field, text):
    data = hall_config.model_dump()
    entry = data[table] if table == "hall" else data[table][0]
    entry[field] = text
    with pytest.raises(ValidationError, match=r"bytes of UTF-8|pattern"):
        HallConfig.model_validate(data)
