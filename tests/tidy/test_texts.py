"""What must not be in a tracked file: paths of a machine, package registries, unfinished work."""

import re

# Written in parts, so that this file does not hold what it forbids.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w.~*)}>-])/(work|root|tmp|home)/")
REGISTRIES = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "registry." + "npmjs",
    "deb." + "debian.org",
    "registry." + "yarnpkg",
)


def found(texts: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:80]}"
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_nothing_is_left_unfinished(texts: dict[str, str]) -> None:
    places = found(texts, UNFINISHED)
    assert not places, "do it, or open an issue:\n" + "\n".join(places)


def test_no_path_of_a_machine_is_written_down(texts: dict[str, str]) -> None:
    places = found(texts, MACHINE_PATH)
    assert not places, "use a path below the project, or tmp_path:\n" + "\n".join(places)


def test_no_package_registry_is_named(texts: dict[str, str]) -> None:
    places = found(texts, re.compile("|".join(re.escape(host) for host in REGISTRIES)))
    assert not places, "the clients know where to look:\n" + "\n".join(places)


def test_patterns_find_what_they_forbid() -> None:
    planted = {
        "a.py": "# TO" + "DO later",
        "b.sh": "cat /ro" + "ot/x",
        "c.md": "at '/wo" + "rk/main'",
        "d.txt": "https://py" + "pi.org/simple",
        "fine.py": "url = f'{base}/wo" + "rk/1'; todos = ['a/tmp/b', 'http://hall.local/home/']",
    }
    assert [place.split(":")[0] for place in found(planted, UNFINISHED)] == ["a.py"]
    assert [place.split(":")[0] for place in found(planted, MACHINE_PATH)] == ["b.sh", "c.md"]
