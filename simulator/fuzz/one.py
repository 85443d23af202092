"""The fuzzer's own process: `python -m simulator.fuzz.one NAME CORPUS [libFuzzer options]`.

The product is instrumented as it is imported, so that the fuzzer sees which ways an input takes.
"""

import sys

import atheris

with atheris.instrument_imports(include=["protocols", "firmware", "gateway"]):
    from simulator.fuzz.targets import BY_NAME


def main() -> None:
    """Never comes back."""
    target = BY_NAME[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
