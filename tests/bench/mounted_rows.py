# SPDX-License-Identifier: GPL-2.0-only
"""What is done on a mount: a row gives (operation, outstanding, what, value) of a folder.

Values are microseconds: of a call of fio, of a file, of an entry of a listing.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time

import files
import mounted_calls

MIB = 1 << 20
LOAD = "/sys/kernel/debug/ditto_vfs_load/run"
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Folders of the source tree that is copied: all that is compiled into the modules.
SOURCES = ("fs", "lockd", "net", "smb")
PERCENTILES = {"50.000000": "p50", "90.000000": "p90", "99.000000": "p99", "99.900000": "p99.9"}
# Which calls of a job percentiles are told of: what a row adds to its label, and fio's name.
WAYS = {"read": {"": "read"}, "write": {"": "write"}, "randread": {"": "read"},
        "randwrite": {"": "write"}, "randrw": {"": "mixed", ", read": "read", ", write": "write"}}


class Fio:
    """A job of fio on one file, direct, so that each call goes to the server."""

    def __init__(self, label, rw, size, outstanding, calls):
        self.label, self.rw, self.size, self.outstanding = label, rw, size, outstanding
        self.calls = calls

    def run(self, top, scale):
        """The mean of all calls, and percentiles of the time from a call to its result.

        Not those of "clat", which begins when the client has sent a call: where server and client
        share a CPU, the server may have worked on it by then.
        """
        calls = max(int(self.calls * scale), 32)
        command = ["fio", "--output-format=json", "--name=bench", "--thread", "--direct=1",
                   f"--filename={top}/fio", f"--rw={self.rw}", f"--bs={self.size}",
                   f"--filesize={32 * MIB}", f"--io_size={calls * self.size}",
                   "--ioengine=libaio", f"--iodepth={self.outstanding}", "--rwmixread=70",
                   "--norandommap", "--randseed=1", "--invalidate=0", "--fallocate=none",
                   "--lat_percentiles=1", "--unified_rw_reporting=both",
                   f"--percentile_list={':'.join(p.rstrip('0').rstrip('.') for p in PERCENTILES)}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False, cwd="/tmp")
        if done.returncode:
            raise RuntimeError(f"fio: {done.stderr.strip() or done.stdout.strip()}")
        job = json.loads(done.stdout[done.stdout.index("{"):])["jobs"][0]
        took = max(job["read"]["runtime"], job["write"]["runtime"]) * 1000
        total = job["read"]["total_ios"] + job["write"]["total_ios"]
        yield self.label, self.outstanding, "all", took / total
        for more, way in WAYS[self.rw].items():
            found = job[way]["lat_ns"]["percentile"]
            for key, name in PERCENTILES.items():
                yield f"{self.label}{more}", self.outstanding, name, found[key] / 1000


class Files:
    """Many files of one folder, each operation on all of them."""

    def __init__(self, count):
        self.count = count
        self.label = f"{count:,} files"

    def run(self, top, _scale):
        """Create, look at, list, open again, and remove them."""
        os.makedirs(f"{top}/work", exist_ok=True)
        for operation, name, times, units in (
                ("create", "create", self.count, 1), ("stat", "stat-work", self.count, 1),
                ("open again", "open-work", min(self.count, 1000), 1),
                ("readdir", "list-work", 2, self.count), ("delete", "unlink", self.count, 1)):
            files.put(LOAD, f"{name} {times} {top}")
            yield (f"{operation}, {self.label}", 1, "all", int(files.get(LOAD)) / 1000 / units)


class Deep:
    """Folders in each other, with a file in each."""

    depth = 64
    label = "deep tree"

    def run(self, top, _scale):
        """Make it, walk it, stat the lowest file by its whole path, and remove it."""
        base, where = f"{top}/deep", f"{top}/deep"
        started = time.monotonic()
        for _ in range(self.depth):
            os.mkdir(where)
            os.close(os.open(f"{where}/file", os.O_WRONLY | os.O_CREAT, 0o644))
            where += "/d"
        made = time.monotonic()
        found = sum(len(files) for _, _, files in os.walk(base))
        walked = time.monotonic()
        for _ in range(self.depth):
            os.stat(f"{os.path.dirname(where)}/file")
        looked = time.monotonic()
        shutil.rmtree(base)
        removed = time.monotonic()
        if found != self.depth:
            raise RuntimeError(f"the walk found {found} files")
        for name, took in (("make", made - started), ("walk", walked - made),
                           ("stat lowest", looked - walked), ("remove", removed - looked)):
            yield f"{self.label}, {name}", 1, "all", took * 1e6 / self.depth


class Copy:
    """A copy of a source tree: of this project."""

    label = "source tree"

    def __init__(self, sources):
        self.sources = [f"{SOURCE}/{name}" for name in sources]
        self.files = sum(len(files) for s in self.sources for _, _, files in os.walk(s))
        self.stage = None

    def _steps(self, source, base):
        """(name, microseconds of a file) of a copy, of reading it, of removing it."""
        os.mkdir(base)
        for name, command in (("copy", ["cp", "-r", *source, base]),
                              ("read", ["tar", "-cf", "-", "-C", base, "."]),
                              ("remove", ["rm", "-rf", base])):
            started = time.monotonic()
            # tar does not read what it is to write into /dev/null.
            subprocess.run(command, check=True, stdout=subprocess.PIPE if name == "read" else None)
            yield name, (time.monotonic() - started) * 1e6 / self.files

    def run(self, top, _scale):
        """Copy it, read it, remove it."""
        if not self.stage:
            # The guest's own files are slow to read at first, and so are the programs.
            self.stage = tempfile.mkdtemp(dir="/run")
            subprocess.run(["cp", "-r", *self.sources, self.stage], check=True)
            dict(self._steps([self.stage], f"{self.stage}.copy"))
        for name, took in self._steps([self.stage], f"{top}/copy"):
            yield f"{self.label}, {name}", 1, "all", took


def table(quick):
    """All rows; with few files and folders if it is quick."""
    yield Fio("fio sequential write 1 MiB", "write", MIB, 4, 192)
    yield Fio("fio sequential read 1 MiB", "read", MIB, 4, 192)
    yield Fio("fio random read 4 KiB", "randread", 4096, 8, 8000)
    yield Fio("fio random write 4 KiB", "randwrite", 4096, 8, 8000)
    yield Fio("fio mixed 70/30 4 KiB", "randrw", 4096, 8, 8000)
    for count in (1000,) if quick else (1000, 10000, 100000):
        yield Files(count)
    yield Deep()
    yield mounted_calls.Calls()
    yield Copy(SOURCES[:2] if quick else SOURCES)
