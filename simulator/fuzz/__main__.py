"""Fuzz the parsers: `python -m simulator.fuzz [NAME ...] --runs 100000 --blind 1000000`.

Each parser runs in a process of its own (the fuzzer never comes back from one), several of them at
a time: first guided by the ways that inputs take, those that found new ones are kept in
build/fuzz/NAME and are the start of the next run; then blind, which is several times as fast, with
what was kept changed by chance. Prints one line for each parser, what failed with the bytes that
repeat it, and ends with the count.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from simulator.fuzz.targets import BY_NAME, TARGETS

FOLDER = Path("build", "fuzz")
# An input says little more when it is longer than two good ones.
INPUT_BYTES_MIN, INPUT_BYTES_MAX = 64, 4096
_DONE = re.compile(r"Done (\d+) runs? in (\d+)")
_COVERAGE = re.compile(r"cov: (\d+)")


@dataclass(frozen=True, slots=True)
class Tried:
    """How one parser took it: `line` to print, and whether it failed."""

    inputs: int
    line: str
    failed: bool = False


def fuzz(name: str, runs: int, blind: int, seed: int) -> Tried:
    """Try one parser with `runs` guided inputs, then with `blind` others."""
    seeds = list(BY_NAME[name].seeds())
    longest = min(INPUT_BYTES_MAX, max(INPUT_BYTES_MIN, 2 * max(map(len, seeds))))
    options = [f"-max_len={longest}"]
    options += [f"-artifact_prefix={FOLDER}/{name}-", "-print_final_stats=0", "-timeout=20"]
    corpus = FOLDER / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(content)
    inputs = seconds = 0
    ways = "?"
    for search, count in (("guided", runs), ("blind", blind)):
        if count == 0:
            continue
        command = [sys.executable, "-m", "simulator.fuzz.one", search, name, str(corpus)]
        done = subprocess.run(  # noqa: S603  # our own module
            [*command, f"-runs={count}", f"-seed={seed}", *options],
            capture_output=True,
            text=True,
            check=False,
        )
        counted = _DONE.search(done.stderr)
        if done.returncode or counted is None:
            lines = f"{done.stdout}{done.stderr}".splitlines()
            told = "\n".join(line for line in lines if not line.startswith(("INFO:", "#")))
            return Tried(inputs, f"{name}: FAILED, {search}\n{told}", failed=True)
        inputs, seconds = inputs + int(counted[1]), seconds + int(counted[2])
        ways = (_COVERAGE.findall(done.stderr) or [ways])[-1]  # blind, there is none
    return Tried(inputs, f"{name:16} {inputs:>9} inputs  {seconds:>4} s  {ways:>5} ways")


def main(arguments: Sequence[str] | None = None) -> int:
    """See the module's text; 1 when a parser failed."""
    parser = argparse.ArgumentParser(prog="python -m simulator.fuzz")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BY_NAME))
    parser.add_argument("--runs", type=int, default=100_000, help="guided inputs for each parser")
    parser.add_argument("--blind", type=int, default=0, help="inputs for each after those")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="parsers at a time")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in BY_NAME]
    if unknown:
        parser.error(f"there is no parser {unknown[0]!r}: choose of {', '.join(BY_NAME)}")
    total = failures = 0
    names = given.names or [target.name for target in TARGETS]
    with ThreadPoolExecutor(given.workers) as pool:
        for tried in pool.map(lambda name: fuzz(name, given.runs, given.blind, given.seed), names):
            total += tried.inputs
            failures += tried.failed
            sys.stdout.write(f"{tried.line}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{total} inputs, {failures} parsers failed\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
