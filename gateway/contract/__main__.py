"""`python -m gateway.contract [--check]`: write the generated files, or fail when one is stale."""

import argparse
import sys
from pathlib import Path

from gateway.contract.generate import stale_files, write_all
from gateway.contract.registry import REGENERATE


def main(arguments: list[str] | None = None) -> int:
    """0 when all is fresh or was written; 1 with the stale files named on stderr."""
    parser = argparse.ArgumentParser(prog="python -m gateway.contract", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when stale")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the project's root")
    options = parser.parse_args(arguments)
    if not options.check:
        for path in write_all(options.root):
            sys.stdout.write(f"wrote {path}\n")
        return 0
    problems = stale_files(options.root)
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    if problems:
        sys.stderr.write(f"run `{REGENERATE}` and commit the result\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
