"""Set-up step: fonts, voice clips and browser modules that are made, not kept in the repository.

    python -m simulator.assets [FOLDER]      (default: build/assets below the project)

Quick when nothing changed: every step leaves a stamp of what it was made from (package versions
and its own source). Two processes may run it at once; the second waits for the first.
"""

import hashlib
import importlib.metadata
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_FOLDER = ROOT / "build" / "assets"

_MODULES = ROOT / "node_modules"
_NOTO = _MODULES / "@expo-google-fonts" / "noto-sans-sc"
_UNIFONT = _MODULES / "@fontsource" / "unifontex"
_SOURCES = ROOT / "simulator"


@dataclass(frozen=True)
class Assets:
    """Where everything is."""

    folder: Path

    @property
    def unifont(self) -> Path:
        """The LED wall's font, 16 dots high."""
        return self.folder / "unifont.ttf"

    @property
    def sign_glyphs(self) -> Path:
        """The few glyphs of a window sign, as its ESP32 reads them."""
        return self.folder / "glyphs.bin"

    @property
    def ticket_regular(self) -> Path:
        """The ticket font, all of Noto Sans SC."""
        return _NOTO / "400Regular" / "NotoSansSC_400Regular.ttf"

    @property
    def ticket_bold(self) -> Path:
        """The ticket font's bold cut."""
        return _NOTO / "700Bold" / "NotoSansSC_700Bold.ttf"

    @property
    def browser_fonts(self) -> Path:
        """Folder with noto-sans-sc-400.woff2 and noto-sans-sc-700.woff2."""
        return self.folder / "fonts"

    @property
    def clips(self) -> Path:
        """Folder with one WAV per token and clips.json (token -> length in ms)."""
        return self.folder / "clips"

    @property
    def vendor(self) -> Path:
        """Folder with preact.mjs, hooks.mjs and htm.mjs; import maps name them."""
        return self.folder / "vendor"


@dataclass(frozen=True)
class _Step:
    name: str
    doing: str
    sources: tuple[Path, ...]
    packages: tuple[str, ...]
    outputs: tuple[str, ...]
    make: Callable[[Assets], None]

    def stamp(self) -> str:
        digest = hashlib.sha256()
        for source in self.sources:
            digest.update(source.read_bytes())
        for package in self.packages:
            digest.update(f"{package} {importlib.metadata.version(package)}\n".encode())
        return digest.hexdigest()


def _make_unifont(assets: Assets) -> None:
    from simulator.assets_fonts import unpack_woff

    source = _UNIFONT / "files" / "unifontex-latin-400-normal.woff"
    partial = assets.unifont.with_suffix(".part")
    unpack_woff(source, partial)
    partial.replace(assets.unifont)


def _make_sign_glyphs(assets: Assets) -> None:
    from simulator.assets_glyphs import sign_glyphs

    partial = assets.sign_glyphs.with_suffix(".part")
    partial.write_bytes(sign_glyphs(assets.unifont))
    partial.replace(assets.sign_glyphs)


def _make_browser_font(weight: str, source: Path, assets: Assets) -> None:
    from simulator.assets_fonts import browser_characters, subset_to_woff2

    assets.browser_fonts.mkdir(parents=True, exist_ok=True)
    target = assets.browser_fonts / f"noto-sans-sc-{weight}.woff2"
    partial = target.with_suffix(".part")
    subset_to_woff2(source, partial, browser_characters())
    partial.replace(target)


def _make_browser_fonts(assets: Assets) -> None:
    from concurrent.futures import ProcessPoolExecutor

    jobs = (("400", assets.ticket_regular), ("700", assets.ticket_bold))
    with ProcessPoolExecutor(max_workers=2) as pool:
        made = [pool.submit(_make_browser_font, *job, assets) for job in jobs]
        for future in made:
            future.result()


def _make_clips(assets: Assets) -> None:
    command = [sys.executable, "-m", "simulator.voice_synthesis", str(assets.clips)]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603  # our own module


_VENDOR = {
    "preact.mjs": _MODULES / "preact" / "dist" / "preact.mjs",
    "hooks.mjs": _MODULES / "preact" / "hooks" / "dist" / "hooks.mjs",
    "htm.mjs": _MODULES / "htm" / "dist" / "htm.mjs",
}


def _make_vendor(assets: Assets) -> None:
    assets.vendor.mkdir(parents=True, exist_ok=True)
    for name, source in _VENDOR.items():
        shutil.copyfile(source, assets.vendor / name)


_STEPS = (
    _Step(
        "unifont",
        "unpacking the LED wall's font",
        (_UNIFONT / "package.json", _SOURCES / "assets_fonts.py"),
        ("fonttools",),
        ("unifont.ttf",),
        _make_unifont,
    ),
    _Step(
        "sign",
        "cutting out the glyphs of the window signs",
        (
            _UNIFONT / "package.json",
            _SOURCES / "assets_glyphs.py",
            ROOT / "firmware" / "drivers" / "words.py",
            ROOT / "firmware" / "drivers" / "esp32" / "glyphs.py",
            ROOT / "firmware" / "drivers" / "pi" / "glyphs.py",
        ),
        ("fonttools", "pillow"),
        ("glyphs.bin",),
        _make_sign_glyphs,
    ),
    _Step(
        "voice",
        "speaking the voice clips",
        (
            _SOURCES / "voice.py",
            _SOURCES / "voice_synthesis.py",
            ROOT / "protocols" / "announcement.py",
        ),
        ("espeakng-loader",),
        ("clips/clips.json",),
        _make_clips,
    ),
    _Step(
        "vendor",
        "copying the browser modules",
        tuple(_VENDOR.values()),
        (),
        tuple(f"vendor/{name}" for name in _VENDOR),
        _make_vendor,
    ),
    _Step(
        "browser-fonts",
        "cutting the browser fonts (some seconds)",
        (_NOTO / "package.json", _SOURCES / "assets_fonts.py"),
        ("fonttools", "brotli"),
        ("fonts/noto-sans-sc-400.woff2", "fonts/noto-sans-sc-700.woff2"),
        _make_browser_fonts,
    ),
)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def ensure(
    folder: Path = DEFAULT_FOLDER,
    only: tuple[str, ...] = (),
    say: Callable[[str], object] = lambda _: None,
) -> Assets:
    """Make what is missing or out of date; `only` names steps. Returns where everything is."""
    assets = Assets(folder)
    missing = [
        package for package in (_NOTO, _UNIFONT, _MODULES / "preact") if not package.is_dir()
    ]
    if missing:
        raise FileNotFoundError(f"{missing[0].name} is not installed; run: npm ci")
    with _lock(folder):
        for step in _STEPS:
            if not only or step.name in only:
                _ensure_step(step, assets, say)
    return assets


def _ensure_step(step: _Step, assets: Assets, say: Callable[[str], object]) -> None:
    record = assets.folder / f".{step.name}.stamp"
    stamp = step.stamp()
    present = all((assets.folder / output).is_file() for output in step.outputs)
    if present and record.is_file() and record.read_text(encoding="ascii") == stamp:
        return
    say(f"assets: {step.doing} ...")
    started = time.perf_counter()
    record.unlink(missing_ok=True)
    step.make(assets)
    record.write_text(stamp, encoding="ascii")
    say(f"assets: {step.name} made in {time.perf_counter() - started:.1f} s")


def main() -> None:
    """The command line."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FOLDER
    ensure(folder, say=lambda line: sys.stdout.write(line + "\n") and sys.stdout.flush())
    sys.stdout.write(f"assets: ready in {folder}\n")


if __name__ == "__main__":
    main()
