"""The half of WASI that is files: descriptors and paths on a `Disk`, and the entropy device.

Source: WASI snapshot preview1. A method has the name and the arguments of its import and returns
an error number. Folder 3 is the root; every other descriptor comes from `path_open`.
"""

import random
import struct
from dataclasses import dataclass

from simulator.vm.disk import Disk, DiskFullError
from simulator.vm.memory import Memory

OK, BADF, EXIST, INVAL, ISDIR, NOENT, NOSPC = 0, 8, 20, 28, 31, 44, 51
NOTDIR, NOTEMPTY = 54, 55
ROOT_FD = 3

_CHARACTER_DEVICE, _FOLDER, _FILE = 2, 3, 4
_CREATE, _DIRECTORY, _EXCLUSIVE, _TRUNCATE = 1, 2, 4, 8
_RIGHT_TO_WRITE = 1 << 6
_APPEND = 1
_ALL_RIGHTS = (1 << 64) - 1
_ENTROPY = ("dev/random", "dev/urandom")


@dataclass
class _Open:
    path: str
    at: int = 0
    append: bool = False
    written: bool = False
    entropy: bool = False


class Files:
    """Descriptors of one VM. `memory` is set once the instance is there."""

    memory: Memory

    def __init__(self, disk: Disk, entropy: random.Random) -> None:
        self.disk = disk
        self._entropy = entropy
        self._open = {ROOT_FD: _Open("")}
        self._next_fd = ROOT_FD + 1

    # ---- used by the console ----

    def read(self, fd: int, size: int) -> bytes | int:
        """At most `size` bytes at the position, or an error number."""
        file = self._open.get(fd)
        if file is None:
            return BADF
        if file.entropy:
            return self._entropy.randbytes(size)
        if self.disk.is_folder(file.path):
            return ISDIR
        data = self.disk.read(file.path, file.at, size)
        file.at += len(data)
        return data

    def write(self, fd: int, data: bytes) -> int:
        """All of `data`, or an error number."""
        file = self._open.get(fd)
        if file is None or file.entropy or self.disk.is_folder(file.path):
            return BADF
        if file.append:
            file.at = self.disk.size(file.path)
        try:
            self.disk.write(file.path, file.at, data)
        except DiskFullError:
            return NOSPC
        file.written = True
        file.at += len(data)
        return OK

    # ---- descriptors ----

    def fd_prestat_get(self, fd: int, out: int) -> int:
        if fd != ROOT_FD:
            return BADF
        self.memory.write(out, struct.pack("<II", 0, 1))
        return OK

    def fd_prestat_dir_name(self, fd: int, out: int, size: int) -> int:
        if fd != ROOT_FD:
            return BADF
        self.memory.write(out, b"/"[:size])
        return OK

    def fd_fdstat_get(self, fd: int, out: int) -> int:
        if fd <= 2:
            kind = _CHARACTER_DEVICE
        elif fd in self._open:
            kind = _FOLDER if self.disk.is_folder(self._open[fd].path) else _FILE
        else:
            return BADF
        self.memory.write(out, struct.pack("<BxHxxxxQQ", kind, 0, _ALL_RIGHTS, _ALL_RIGHTS))
        return OK

    def fd_seek(self, fd: int, offset: int, whence: int, out: int) -> int:
        file = self._open.get(fd)
        if file is None or file.entropy:
            return BADF
        if whence not in (0, 1, 2):
            return INVAL
        at = offset + (0, file.at, self.disk.size(file.path))[whence]
        if at < 0:
            return INVAL
        file.at = at
        self.memory.write_u64(out, at)
        return OK

    def fd_sync(self, fd: int) -> int:
        file = self._open.get(fd)
        if file is None:
            return BADF
        if file.written:
            self.disk.sync(file.path)
        return OK

    def fd_close(self, fd: int) -> int:
        error = self.fd_sync(fd)
        if error == OK:
            del self._open[fd]
        return error

    def fd_readdir(self, fd: int, out: int, size: int, cookie: int, used: int) -> int:
        folder = self._open.get(fd)
        if folder is None or folder.entropy or not self.disk.is_folder(folder.path):
            return BADF
        prefix = folder.path + "/" if folder.path else ""
        entries = b""
        for index, name in enumerate(self.disk.names(folder.path)):
            if index >= cookie:
                kind = _FOLDER if self.disk.is_folder(prefix + name) else _FILE
                text = name.encode()
                entries += struct.pack("<QQIBxxx", index + 1, index + 2, len(text), kind) + text
        self.memory.write(out, entries[:size])
        self.memory.write_u32(used, len(entries[:size]))
        return OK

    # ---- paths ----

    def path_open(
        self,
        folder: int,
        flags: int,  # noqa: ARG002  # symbolic links, of which there are none
        path: int,
        size: int,
        how: int,
        rights: int,
        inherited: int,  # noqa: ARG002
        fd_flags: int,
        out: int,
    ) -> int:
        name = self._path(folder, path, size)
        if name in _ENTROPY:
            return self._opened(_Open(name, entropy=True), out)
        if self.disk.exists(name):
            error = self._check_open(name, how, rights)
            if error != OK:
                return error
            if how & _TRUNCATE:
                self.disk.truncate(name)
        elif not how & _CREATE or not self.disk.is_folder(name.rpartition("/")[0]):
            return NOENT
        else:
            self.disk.create(name)
        append = fd_flags & _APPEND != 0
        return self._opened(_Open(name, append=append, written=how & _TRUNCATE != 0), out)

    def _check_open(self, name: str, how: int, rights: int) -> int:
        is_folder = self.disk.is_folder(name)
        if how & _EXCLUSIVE:
            return EXIST
        if how & _DIRECTORY and not is_folder:
            return NOTDIR
        if is_folder and rights & _RIGHT_TO_WRITE and how & (_CREATE | _TRUNCATE):
            return ISDIR
        return OK

    def _opened(self, file: _Open, out: int) -> int:
        self._open[self._next_fd] = file
        self.memory.write_u32(out, self._next_fd)
        self._next_fd += 1
        return OK

    def path_filestat_get(self, folder: int, flags: int, path: int, size: int, out: int) -> int:  # noqa: ARG002
        name = self._path(folder, path, size)
        if not self.disk.exists(name):
            return NOENT
        kind = _FOLDER if self.disk.is_folder(name) else _FILE
        stat = struct.pack("<QQBxxxxxxxQQQQQ", 1, 1, kind, 1, self.disk.size(name), 0, 0, 0)
        self.memory.write(out, stat)
        return OK

    def path_create_directory(self, folder: int, path: int, size: int) -> int:
        name = self._path(folder, path, size)
        if self.disk.exists(name):
            return EXIST
        if not self.disk.is_folder(name.rpartition("/")[0]):
            return NOENT
        self.disk.make_folder(name)
        return OK

    def path_remove_directory(self, folder: int, path: int, size: int) -> int:
        name = self._path(folder, path, size)
        if not self.disk.exists(name):
            return NOENT
        if not self.disk.is_folder(name):
            return NOTDIR
        if not name or self.disk.names(name):
            return NOTEMPTY
        self.disk.remove(name)
        return OK

    def path_unlink_file(self, folder: int, path: int, size: int) -> int:
        name = self._path(folder, path, size)
        if not self.disk.exists(name):
            return NOENT
        if self.disk.is_folder(name):
            return ISDIR
        self.disk.remove(name)
        return OK

    def path_rename(
        self, folder: int, path: int, size: int, to_folder: int, to_path: int, to_size: int
    ) -> int:
        source = self._path(folder, path, size)
        target = self._path(to_folder, to_path, to_size)
        if not source or not self.disk.exists(source):
            return NOENT
        if not self.disk.is_folder(target.rpartition("/")[0]):
            return NOENT
        if self.disk.is_folder(target):
            return ISDIR
        if source != target:
            self.disk.rename(source, target)
        return OK

    def path_readlink(self, *_: int) -> int:
        return INVAL

    def _path(self, folder: int, path: int, size: int) -> str:
        """The path on the disk of a name in memory; a bad folder is the root."""
        base = self._open.get(folder, self._open[ROOT_FD]).path
        found: list[str] = []
        for part in (base + "/" + self.memory.read(path, size).decode()).split("/"):
            if part == "..":
                del found[-1:]
            elif part not in ("", "."):
                found.append(part)
        return "/".join(found)
