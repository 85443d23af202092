"""The fuzzer's own process: `python -m simulator.fuzz.one guided|blind NAME CORPUS [options]`.

Guided, the product is instrumented as it is imported, so that the fuzzer sees which ways an input
takes and keeps those that take new ones in CORPUS. Blind, nothing is instrumented, which is several
times as fast, and what lies in CORPUS is changed by chance. The options are libFuzzer's.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import atheris

CHANGES_MAX = 5
_GUIDED = sys.argv[1] == "guided"
_PRODUCT = ["protocols", "firmware", "gateway"]

with atheris.instrument_imports(include=_PRODUCT) if _GUIDED else nullcontext():
    from simulator.fuzz.targets import BY_NAME


def changer(kept: Sequence[bytes]) -> Callable[[bytes, int, int], bytes]:
    """The next input: one that was kept, changed up to CHANGES_MAX times. Left alone, libFuzzer
    would go on from one only, as without instrumentation all look alike to it."""

    def change(_data: bytes, bytes_max: int, seed: int) -> bytes:
        times, place = divmod(seed, len(kept))
        data = kept[place]
        for _ in range(1 + times % CHANGES_MAX):
            data = atheris.Mutate(data, bytes_max)
        return data

    return change


def main() -> None:
    """Never comes back."""
    _, _, name, corpus, *options = sys.argv
    check = BY_NAME[name].check
    if _GUIDED:
        atheris.Setup([sys.argv[0], corpus, *options], check)
    else:
        kept = [path.read_bytes() for path in sorted(Path(corpus).iterdir())]
        # From the first input on, as long as they may be.
        options.append("-len_control=0")
        atheris.Setup([sys.argv[0], *options], check, custom_mutator=changer(kept))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
