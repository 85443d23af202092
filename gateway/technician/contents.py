"""What belongs on an ESP32 but for its store: boot code, application, configuration, credential."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from boards.schema import Board
from gateway.config import HallConfig, Node
from gateway.credentials.site import Site
from gateway.durable import replace_file
from gateway.releases.build import build_release, next_number, root_files, write_release
from gateway.releases.compile import CompileError, compiled
from gateway.releases.contents import application, source
from gateway.releases.release import Release, ReleaseError, load_release, release_numbers
from gateway.technician.node_files import Flashed, Papers, esp32_files

SLOT = "/a"
CONFIG = "/config"
RELEASES = "releases"
PUBLIC_KEY = "release.pub"


@dataclass(frozen=True)
class Software:
    """What is the same on every board of a hall. `public_key` b"": no updates over the air."""

    release: Release
    root: dict[str, bytes]
    public_key: bytes

    @property
    def mpy(self) -> int:
        """The version of byte code that the interpreter must read."""
        return self.release.manifest.mpy


def load_software(data: Path) -> Software:
    """The newest release of the hall; of this source tree when the hall has none yet.

    Raises ReleaseError.
    """
    releases = data / RELEASES
    numbers = release_numbers(releases)
    if numbers:
        release = load_release(releases / str(numbers[-1]))
    else:
        release = build_release(next_number(releases))
        write_release(releases, release)
    path = releases / PUBLIC_KEY
    public_key = path.read_bytes() if path.exists() else b""
    return Software(release, root_files(), public_key)


def remember_public_key(data: Path, path: Path) -> None:
    """Keep the key that boards check updates with. Raises ReleaseError."""
    try:
        replace_file(data / RELEASES / PUBLIC_KEY, path.read_bytes(), 0o644)
    except OSError as error:
        raise ReleaseError(f"--public {path}: {error.strerror}") from error


def on_board(software: Software, config: dict[str, bytes]) -> dict[str, bytes]:
    """Path -> contents, the application first, what starts it last."""
    slot = {f"{SLOT}/{path}": data for path, data in software.release.slot_files().items()}
    if software.public_key:
        config = {**config, PUBLIC_KEY: software.public_key}
    configuration = {f"{CONFIG}/{name}": data for name, data in config.items()}
    # What MicroPython runs by itself comes last: it needs all the rest.
    names = sorted(software.root, key=lambda path: (path in ("boot.py", "main.py"), path))
    root = {f"/{path}": software.root[path] for path in names}
    return {**slot, **configuration, **root}


def node_on_board(
    config: HallConfig,
    node: Node,
    board: Board,
    site: Site,
    software: Software,
    papers: Papers,
    flashed: Flashed,
    glyphs: Callable[[], bytes] | None,
) -> dict[str, bytes]:
    """Everything for one node. Raises NodeFileError."""
    made = None if glyphs is None else glyphs()
    own = esp32_files(config.hall.id, node, board, site, flashed, papers, made)
    return on_board(software, own)


def compiled_module(module: str) -> bytes:
    """One module of ours as byte code, to run beside the application. Raises ReleaseError.

    It is compiled with the application, which on a board has no constants for it to import.
    """
    path = module.replace(".", "/")
    try:
        return compiled(application() | {f"{path}.py": source(module)})[f"{path}.mpy"]
    except CompileError as error:
        raise ReleaseError(str(error)) from error
