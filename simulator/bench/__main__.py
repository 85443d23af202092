"""Measure and print tables: `python -m simulator.bench [--quick] [--only sockets|parts]`."""

import argparse
import asyncio
import os
import platform
import sys

from simulator.bench import parts, processes, sockets


def main(arguments: list[str] | None = None) -> int:
    """Measure what was asked for; always 0, for no time is wrong."""
    parser = argparse.ArgumentParser(prog="python -m simulator.bench")
    parser.add_argument("--quick", action="store_true", help="a few seconds: does it still run?")
    parser.add_argument("--seed", type=int, default=7, help="when keys are pressed, and where")
    parser.add_argument("--only", choices=("sockets", "parts"), help="one half of it")
    given = parser.parse_args(arguments)
    _say(f"Python {platform.python_version()}, {os.cpu_count()} cores, seed {given.seed}\n")
    if given.only != "parts":
        plan = sockets.QUICK if given.quick else sockets.Plan()
        _measure_brokers(plan, given.seed)
    if given.only != "sockets":
        _say(parts.report(parts.QUICK if given.quick else parts.Sizes()))
    return 0


def _measure_brokers(plan: sockets.Plan, seed: int) -> None:
    brokers: list[tuple[str, sockets.MakeBroker]] = [("embedded broker", processes.embedded_broker)]
    if processes.mosquitto_path() is None:
        _say("Mosquitto is not installed: only the embedded broker is measured.\n")
    else:
        brokers.append(("Mosquitto", processes.mosquitto))
    for name, make_broker in brokers:
        _say(asyncio.run(sockets.measure(name, make_broker, plan, seed)))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
