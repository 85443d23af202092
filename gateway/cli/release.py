"""`hallkit release`: the signing key, and releases of the ESP32's application."""

import os
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import Exit, OperatorError, say, say_json, told_plainly
from gateway.releases.build import build_release, next_number, write_release
from gateway.releases.keys import make_key, read_public_key, sign
from gateway.releases.release import (
    SIGNATURE,
    Release,
    ReleaseError,
    load_release,
    release_numbers,
    signature_index,
)
from protocols.lms import LEAVES

app = typer.Typer(help="Releases of the ESP32's application.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(help="The folder of a release, releases/NUMBER.")]
Releases = Annotated[Path, typer.Option(help="Where the releases are.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
RELEASES = Path("releases")


@app.command("keygen")
def keygen_command(
    key: Annotated[Path, typer.Argument(help="The folder to make, best on a medium of its own.")],
    json_output: AsJson = False,
) -> None:
    """Make the key that releases are signed with; the boards are flashed with its public half."""
    with told_plainly(json_output):
        public_key = make_key(key)
    if json_output:
        say_json(
            {"ok": True, "key": str(key), "public_key": public_key.hex(), "signatures": LEAVES}
        )
        return
    say(f"{key}: a key for {LEAVES} releases; public key {public_key.hex()}")
    say("Keep it off the gateway and out of snapshots. A copy must not sign without --from-index.")


@app.command("build")
def build_command(
    releases: Releases = RELEASES,
    number: Annotated[
        int | None, typer.Option(help="Its number; else one above the highest.")
    ] = None,
    json_output: AsJson = False,
) -> None:
    """Build a release of the source tree, not signed yet."""
    with told_plainly(json_output):
        release = build_release(number if number is not None else next_number(releases))
        folder = write_release(releases, release)
    if json_output:
        say_json({"ok": True, "folder": str(folder), **_facts(release)})
    else:
        say(f"{folder}: {_line(release)}; sign it with `hallkit release sign {folder}`")


@app.command("sign")
def sign_command(
    folder: Folder,
    key: Annotated[Path, typer.Option(help="The folder of the key.")],
    from_index: Annotated[
        int | None,
        typer.Option(help="For a copy of the key: the first index that was never used."),
    ] = None,
    json_output: AsJson = False,
) -> None:
    """Sign a release. A copy of the key is refused with exit code 7."""
    with told_plainly(json_output):
        release = load_release(folder)
        public_key = read_public_key(key)
        index = None
        if not release.is_signed_by(public_key):
            seen = _highest_index(folder.absolute().parent, public_key)
            signature, index = sign(key, release.manifest_bytes, seen, from_index)
            _write_whole(folder / SIGNATURE, signature)
    if json_output:
        say_json({"ok": True, "folder": str(folder), "index": index, **_facts(release)})
    elif index is None:
        say(f"{folder}: is signed with this key already")
    else:
        left = LEAVES - 1 - index
        say(f"{folder}: signed with index {index}; {left} signatures are left")
        say(f"Write it down beside your backup of the key: the next index is {index + 1}.")


@app.command("list")
def list_command(
    releases: Releases = RELEASES,
    public: Annotated[
        Path | None, typer.Option(help="The public key: say which releases are signed with it.")
    ] = None,
    json_output: AsJson = False,
) -> None:
    """All releases there are; exit code 1 when one of them is damaged."""
    rows: list[dict[str, object]] = []
    with told_plainly(json_output):
        public_key = None if public is None else read_public_key(public)
        for number in release_numbers(releases):
            try:
                release = load_release(releases / str(number))
            except ReleaseError as error:
                rows.append({"release": number, "problem": str(error)})
                continue
            good = None if public_key is None else release.is_signed_by(public_key)
            rows.append({**_facts(release), "signed_with_key": good})
    damaged = any("problem" in row for row in rows)
    if json_output:
        say_json({"ok": not damaged, "releases": rows})
    for row in () if json_output else rows:
        if "problem" in row:
            say(f"{row['release']:>6}  damaged: {row['problem']}")
        else:
            words = {
                None: "signed" if row["signed"] else "not signed",
                True: "signed with this key",
            }
            signed = words.get(row["signed_with_key"], "not signed with this key")  # type: ignore[call-overload]  # None or a truth
            say(f"{row['release']:>6}  {row['name']:10} {row['bytes']:>7} bytes  {signed}")
    if damaged:
        raise typer.Exit(Exit.FAILED)


@app.command("verify")
def verify_command(
    folder: Folder,
    public: Annotated[Path, typer.Option(help="The public key, or the folder of the key.")],
    json_output: AsJson = False,
) -> None:
    """Prove every file and the signature, as a board does; exit code 1 when something is wrong."""
    with told_plainly(json_output):
        public_key = read_public_key(public)
        try:
            release = load_release(folder)
        except ReleaseError as error:
            raise OperatorError(str(error), Exit.FAILED) from error
        if not release.signature:
            raise OperatorError(f"{folder}: is not signed: `hallkit release sign`", Exit.FAILED)
        if not release.is_signed_by(public_key):
            raise OperatorError(f"{folder}: is not signed with this key", Exit.FAILED)
    if json_output:
        say_json({"ok": True, "folder": str(folder), **_facts(release)})
    else:
        say(f"{folder}: good: {_line(release)}, signed with this key")


def _facts(release: Release) -> dict[str, object]:
    manifest = release.manifest
    return {
        "release": manifest.release,
        "name": manifest.name,
        "mpy": manifest.mpy,
        "files": len(manifest.files),
        "bytes": sum(size for _, size, _ in manifest.files),
        "signed": bool(release.signature),
    }


def _line(release: Release) -> str:
    facts = _facts(release)
    return f"{facts['name']}, {facts['files']} files of {facts['bytes']} bytes"


def _highest_index(releases: Path, public_key: bytes) -> int:
    """The highest index of this key among the releases beside this one; -1: none."""
    highest = -1
    for number in release_numbers(releases):
        try:
            release = load_release(releases / str(number))
        except ReleaseError:
            continue  # `hallkit release list` says so; it proves no signature
        if release.is_signed_by(public_key):
            highest = max(highest, signature_index(release.signature))
    return highest


def _write_whole(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise OperatorError(f"{path}: cannot be written: {error.strerror}") from error
