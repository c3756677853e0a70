# SPDX-License-Identifier: MIT
"""A ZeroBuffer 1.0 reader and writer in plain Python.

Written from docs/protocol.md alone, as a second opinion on it: nothing here
knows of the C code.  It is as simple as 1.0 allows, and as careless: the
writer leaves tails of 1 to 15 bytes, and write positions at the very end.
"""

import ctypes
import ctypes.util
import fcntl
import mmap
import os
import struct
import time

OIEB_SIZE = 128
HEADER = struct.Struct("<QQ")
LOCK_FOLDER = "/tmp/zerobuffer"

# Offsets in the OIEB
SIZE, VERSION = 0x00, 0x04
METADATA_SIZE, METADATA_FREE, METADATA_WRITTEN = 0x08, 0x10, 0x18
PAYLOAD_SIZE, PAYLOAD_FREE = 0x20, 0x28
WRITE_POS, READ_POS = 0x30, 0x38
WRITTEN_COUNT, READ_COUNT = 0x40, 0x48
WRITER_PID, READER_PID = 0x50, 0x58

_libc = ctypes.CDLL(None, use_errno=True)
_atomic = ctypes.CDLL(ctypes.util.find_library("atomic") or "libatomic.so.1")
_ACQ_REL = 4

_libc.sem_open.restype = ctypes.c_void_p
for _name in ("sem_post", "sem_close", "sem_trywait"):
    getattr(_libc, _name).argtypes = [ctypes.c_void_p]
_fetch_add = getattr(_atomic, "__atomic_fetch_add_8")
_fetch_add.restype = ctypes.c_uint64
_fetch_add.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int]


class _Timespec(ctypes.Structure):
    _fields_ = [("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long)]


_libc.sem_timedwait.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Timespec)]


def align64(size):
    return (size + 63) & ~63


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


class PeerGone(Exception):
    """The other side has left or crashed, and there is nothing more to read."""


class Corrupt(Exception):
    """The other side broke the protocol."""


class Semaphore:
    def __init__(self, name, create):
        self.name = ("/" + name).encode()
        flags = os.O_CREAT | os.O_EXCL if create else 0
        self.sem = _libc.sem_open(self.name, flags, 0o600, 0)
        if not self.sem:
            errno = ctypes.get_errno()
            raise OSError(errno, os.strerror(errno), name)

    def post(self):
        _libc.sem_post(self.sem)

    def wait(self, timeout):
        """Takes one; False if there was none within timeout seconds."""
        until = time.time() + timeout
        spec = _Timespec(int(until), int(until % 1 * 1e9))
        return _libc.sem_timedwait(self.sem, ctypes.byref(spec)) == 0

    def close(self):
        _libc.sem_close(self.sem)

    def unlink(self):
        _libc.sem_unlink(self.name)


class Buffer:
    """What both sides have mapped."""

    def __init__(self, fd, size):
        self.map = mmap.mmap(fd, size)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self.map))

    def get(self, offset):
        return struct.unpack_from("<Q", self.map, offset)[0]

    def set(self, offset, value):
        struct.pack_into("<Q", self.map, offset, value)

    def add(self, offset, value):
        """Atomic, since both sides do it to the free bytes."""
        _fetch_add(self._address + offset, value & 0xFFFFFFFFFFFFFFFF, _ACQ_REL)

    def find_ring(self):
        self.ring = OIEB_SIZE + self.get(METADATA_SIZE)
        self.ring_size = self.get(PAYLOAD_SIZE)


class Reader(Buffer):
    def __init__(self, name, payload_size, metadata_size=4096):
        self.name = name
        self.sequence = 1
        os.makedirs(LOCK_FOLDER, exist_ok=True)
        self.lock_path = f"{LOCK_FOLDER}/{name}.lock"
        while not self._take_lock():
            time.sleep(0.001)

        metadata_size, payload_size = align64(metadata_size), align64(payload_size)
        size = OIEB_SIZE + metadata_size + payload_size
        path = "/dev/shm/" + name
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        os.ftruncate(fd, size)
        super().__init__(fd, size)
        os.close(fd)
        struct.pack_into("<I4B", self.map, SIZE, OIEB_SIZE, 1, 0, 0, 0)
        self.set(METADATA_SIZE, metadata_size)
        self.set(METADATA_FREE, metadata_size)
        self.set(PAYLOAD_SIZE, payload_size)
        self.set(PAYLOAD_FREE, payload_size)
        self.set(READER_PID, os.getpid())
        self.find_ring()
        self.data = Semaphore("sem-w-" + name, create=True)
        self.space = Semaphore("sem-r-" + name, create=True)

    def _take_lock(self):
        """False if another reader, which cleans up, had it or removed it."""
        self.lock = os.open(self.lock_path, os.O_CREAT | os.O_RDWR, 0o666)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(self.lock), os.stat(self.lock_path)):
                return True
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(self.lock)
        return False

    def metadata(self):
        if self.get(METADATA_WRITTEN) == 0:
            return None
        size = self.get(OIEB_SIZE)
        if not 0 < size <= self.get(METADATA_WRITTEN) - 8:
            raise Corrupt("metadata")
        return bytes(self.map[OIEB_SIZE + 8 : OIEB_SIZE + 8 + size])

    def _header(self, position):
        return HEADER.unpack_from(self.map, self.ring + position)

    def read(self, timeout=30):
        """The next frame's bytes; its place is given back at once."""
        deadline = time.monotonic() + timeout
        while not self.data.wait(0.1):
            pid = self.get(WRITER_PID)
            used = self.get(WRITTEN_COUNT) > 0
            # As existing readers do: what was written was read, or it never
            # will be.
            if pid == 0 and used:
                if self.get(WRITTEN_COUNT) <= self.get(READ_COUNT):
                    raise PeerGone("the writer left")
            elif pid and not is_alive(pid):
                raise PeerGone("the writer crashed")
            if time.monotonic() > deadline:
                raise TimeoutError

        position, waste = self.get(READ_POS), 0
        if self.ring_size - position < HEADER.size:
            position, waste = 0, self.ring_size - position
        size, sequence = self._header(position)
        if size == 0:
            if sequence != 0 or position == 0:
                raise Corrupt("marker")
            self.set(READ_COUNT, self.get(READ_COUNT) + 1)
            position, waste = 0, self.ring_size - position
            size, sequence = self._header(0)
        if sequence != self.sequence:
            raise Corrupt(f"sequence {sequence} instead of {self.sequence}")
        end = position + HEADER.size + size
        if size == 0 or end > self.ring_size:
            raise Corrupt(f"size {size} at {position}")

        start = self.ring + position + HEADER.size
        frame = bytes(self.map[start : start + size])
        self.set(READ_POS, end % self.ring_size)
        self.set(READ_COUNT, self.get(READ_COUNT) + 1)
        self.sequence += 1
        self.add(PAYLOAD_FREE, waste + HEADER.size + size)
        self.space.post()
        return frame

    def close(self):
        self.set(READER_PID, 0)
        os.unlink("/dev/shm/" + self.name)
        for semaphore in (self.data, self.space):
            semaphore.close()
            semaphore.unlink()
        os.unlink(self.lock_path)
        os.close(self.lock)


class Writer(Buffer):
    def __init__(self, name, timeout=30):
        self.sequence = 1
        deadline = time.monotonic() + timeout
        while not self._connect(name):
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.005)

    def _connect(self, name):
        try:
            fd = os.open("/dev/shm/" + name, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            size = os.fstat(fd).st_size
            if size < OIEB_SIZE:
                return False
            super().__init__(fd, size)
        finally:
            os.close(fd)
        if self.get(SIZE) & 0xFFFFFFFF != OIEB_SIZE or not self.get(READER_PID):
            return False
        try:
            self.data = Semaphore("sem-w-" + name, create=False)
            self.space = Semaphore("sem-r-" + name, create=False)
        except FileNotFoundError:
            return False
        self.find_ring()
        self.set(WRITER_PID, os.getpid())
        return True

    def set_metadata(self, data):
        self.set(OIEB_SIZE, len(data))
        self.map[OIEB_SIZE + 8 : OIEB_SIZE + 8 + len(data)] = data
        self.set(METADATA_FREE, self.get(METADATA_SIZE) - len(data) - 8)
        self.set(METADATA_WRITTEN, len(data) + 8)

    def write(self, data, timeout=30):
        deadline = time.monotonic() + timeout
        frame = HEADER.size + len(data)
        position = self.get(WRITE_POS)
        tail = self.ring_size - position
        waste = tail if frame > tail else 0
        while self.get(PAYLOAD_FREE) < frame + waste:
            self.space.wait(0.1)
            pid = self.get(READER_PID)
            if pid == 0 or not is_alive(pid):
                raise PeerGone("the reader is gone")
            if time.monotonic() > deadline:
                raise TimeoutError

        if frame > tail:
            if tail >= HEADER.size:
                HEADER.pack_into(self.map, self.ring + position, 0, 0)
                self.set(WRITTEN_COUNT, self.get(WRITTEN_COUNT) + 1)
            self.add(PAYLOAD_FREE, -tail)
            position = 0
        start = self.ring + position
        HEADER.pack_into(self.map, start, len(data), self.sequence)
        self.map[start + HEADER.size : start + frame] = data
        self.set(WRITE_POS, position + frame)
        self.add(PAYLOAD_FREE, -frame)
        self.set(WRITTEN_COUNT, self.get(WRITTEN_COUNT) + 1)
        self.sequence += 1
        self.data.post()

    def close(self):
        self.set(WRITER_PID, 0)
        self.data.close()
        self.space.close()
