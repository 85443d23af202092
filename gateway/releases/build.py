"""Builds a release from the source tree, and the files that a board gets once, over USB.

The same source gives the same bytes, whenever and wherever it is built: no time, no path of this
machine, no order of a directory goes in.
"""

import ast
import os
import tempfile
from pathlib import Path

from gateway.releases.compile import CompileError, compiled
from gateway.releases.contents import (
    BOOT_FOLDER,
    BOOT_SOURCES,
    BOOTSTRAP,
    application,
    boot_copy,
    source,
)
from gateway.releases.release import (
    FILES,
    MANIFEST,
    NAME_BYTES_MAX,
    RELEASE_MAX,
    Release,
    ReleaseError,
    make_manifest,
    release_numbers,
)


def version_name() -> str:
    """The VERSION of the firmware: the name people know a release by."""
    for node in ast.parse(source("firmware")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "VERSION":
            name: str = ast.literal_eval(node.value)
            return name
    raise ReleaseError("firmware/__init__.py: has no VERSION")


def make_release(number: int, contents: dict[str, bytes], name: str) -> Release:
    """An unsigned release of these .mpy files. Raises ReleaseError."""
    if not 1 <= number <= RELEASE_MAX:
        raise ReleaseError(f"release {number}: give a whole number 1..{RELEASE_MAX}")
    if not 1 <= len(name.encode()) <= NAME_BYTES_MAX:
        raise ReleaseError(f"name {name!r}: give 1..{NAME_BYTES_MAX} bytes")
    # The second byte of a .mpy file is the version an interpreter must have.
    [mpy] = {data[1] for data in contents.values()}
    manifest = make_manifest(number, name, mpy, contents)
    return Release(manifest, manifest.encode(), b"", contents)


def build_release(number: int) -> Release:
    """The application of the source tree as release `number`. Raises ReleaseError."""
    try:
        contents = compiled(application())
    except CompileError as error:
        raise ReleaseError(str(error)) from error
    return make_release(number, contents, version_name())


def root_files() -> dict[str, bytes]:
    """Path -> bytes of what lies on a board outside its slots and is never updated.

    /boot.py, /main.py, /bootstrap.mpy and /boot/. Raises ReleaseError.
    """
    try:
        files = {name: source(module) for name, module in BOOT_SOURCES.items()}
        own = BOOTSTRAP.rpartition(".")[2] + ".py"
        files |= compiled({own: source(BOOTSTRAP)})
        copied = compiled(boot_copy())
    except CompileError as error:
        raise ReleaseError(str(error)) from error
    return files | {f"{BOOT_FOLDER}/{path}": data for path, data in copied.items()}


def next_number(releases: Path) -> int:
    """One above the highest there is."""
    return max(release_numbers(releases), default=0) + 1


def write_release(releases: Path, release: Release) -> Path:
    """Write the folder whole or not at all, and return it. Raises ReleaseError."""
    folder = releases / str(release.number)
    try:
        releases.mkdir(parents=True, exist_ok=True)
        highest = max(release_numbers(releases), default=0)
        if release.number <= highest:
            raise ReleaseError(
                f"release {release.number}: there is {highest} already, and numbers only rise: "
                f"take {highest + 1}, or delete what nobody was given"
            )
        with tempfile.TemporaryDirectory(dir=releases, prefix=".building-") as work:
            part = Path(work) / "part"
            for path, data in release.contents.items():
                file = part / FILES / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
            (part / MANIFEST).write_bytes(release.manifest_bytes)
            os.rename(part, folder)
    except OSError as error:
        raise ReleaseError(f"{folder}: cannot be written: {error.strerror}") from error
    return folder
