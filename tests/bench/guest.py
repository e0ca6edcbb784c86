# SPDX-License-Identifier: GPL-2.0-only
"""The parts of a benchmark inside the guest: namespaces, servers, the load generator."""

import contextlib
import ctypes
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), name) for name in ("fuzz", "e2e")]

# pylint: disable=wrong-import-position
import folders  # noqa: E402,F401  (finds the modules of tests/e2e)
from wire import Connection, lookup, mount  # noqa: E402

CONTROL = "/sys/kernel/debug/ditto_load/run"
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
# Entries of the directory that is listed.
LISTED = 1000
FILE_SIZE = 16 << 20
# Kinds of servers that are Ditto: as it is, with all calls left to sunrpc, and with files that may
# be offloaded.
DITTO = ("ditto", "sunrpc", "offload")
# Files of a server: a file, a directory that is listed, one to make and remove files in.
NAMES = ("file", "list", "work")


@contextlib.contextmanager
def namespace(path):
    """Enter a network namespace for the block."""
    with open("/proc/self/ns/net", "rb") as back, open(path, "rb") as there:
        if LIBC.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {path}")
        try:
            yield
        finally:
            LIBC.setns(back.fileno(), CLONE_NEWNET)


def kernel_threads():
    """Process ids and names of the threads of the kernel, without those of work queues."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                stat = f.read()
            name, rest = stat[stat.index("(") + 1:].rsplit(")", 1)
            # Its parent is kthreadd.
            if rest.split()[1] == "2" and not name.startswith(("kworker", "ksoftirqd")):
                found[int(pid)] = name
    return found


def generate(words, net=None):
    """Run the load generator once in a name space; its result is a dictionary of numbers."""
    fd = os.open(CONTROL, os.O_RDWR)
    try:
        with namespace(net) if net else contextlib.nullcontext():
            os.write(fd, " ".join(words).encode())
        text = os.pread(fd, 4096, 0).decode()
    finally:
        os.close(fd)
    result = dict(word.split("=") for word in text.split())
    result = {k: int(v) for k, v in result.items() if k != "op"}
    if result["err"] or result["errors"] or f"count={result['ops']}" not in words:
        raise RuntimeError(f"{net or ''}: {' '.join(words)}: {text}")
    return result


class Server:
    """A server in a network namespace of its own, with files to work on."""

    # Entries of the listing of a directory, with "." and "..".
    listed = LISTED + 2
    # Where in the share the files are.
    folder = ()
    # Threads of the servers that were started, by their kinds.
    started = {}

    def __init__(self, label, kind, directory, first=0):
        self.label = label
        self.kind = kind
        self.directory = directory
        self.mount_port = 2049 if kind in DITTO else 20048
        self.share = "/bench" if kind in DITTO else directory
        self.net = f"/run/netns/{kind}"
        self.first = first      # number of the first name it makes
        self.handles = {}
        self.threads = []

    def start(self):
        """Start the server, make the files, and look up their handles."""
        if self.kind not in self.started:
            before = set(kernel_threads())
            subprocess.run(["ip", "netns", "add", self.kind], check=True)
            subprocess.run(["nsenter", f"--net={self.net}", os.path.join(HERE, "serve"), self.kind,
                            self.directory], check=True)
            self.started[self.kind] = sorted(set(kernel_threads()) - before)
        self.threads = self.started[self.kind]
        self._make_files()
        self.find_files()

    def find_files(self):
        """Look up the handles."""
        with namespace(self.net):
            root = mount("127.0.0.1", self.mount_port, self.share)
            with Connection("127.0.0.1", 2049) as conn:
                for name in self.folder:
                    root = lookup(conn, root, name)
                self.handles = {name: lookup(conn, root, name) for name in NAMES}
        self.handles["root"] = root

    def _make_files(self):
        top = os.path.join(self.directory, *self.folder)
        for name in ("list", "work"):
            os.makedirs(f"{top}/{name}", exist_ok=True)
        for i in range(LISTED):
            with open(f"{top}/list/entry-{i:04}", "wb"):
                pass
        with open(f"{top}/file", "wb") as f:
            f.write(os.urandom(1 << 20) * (FILE_SIZE >> 20))

    def load(self, op, handle, count, outstanding, after=0, **more):
        """Run the load generator once; returns its results as a dictionary of numbers.

        The first name has the number @after behind that of the server.
        """
        words = [f"op={op}", "port=2049", f"fh={self.handles[handle].hex()}", f"count={count}",
                 f"outstanding={outstanding}", f"first={self.first + after}",
                 *(f"{k}={v}" for k, v in more.items())]
        return generate(words, self.net)

    def mount(self, where):
        """Mount the share with the kernel's client."""
        os.makedirs(where, exist_ok=True)
        options = (f"{self.mount_options()},proto=tcp,port=2049,rsize=1048576,wsize=1048576")
        subprocess.run(["nsenter", f"--net={self.net}", "mount", "-t", "nfs", "-o", options,
                        f"127.0.0.1:{self.share}", where], check=True)

    def mount_options(self):
        """Mount options of the version that is measured."""
        return f"vers=3,mountproto=tcp,mountport={self.mount_port},nolock"


class Floor(Server):
    """The loop that answers with nothing: what every server pays."""

    def __init__(self):
        super().__init__("floor", "floor", "/bench/floor")

    def _make_files(self):
        pass

    def find_files(self):
        pass

    def answer(self, reply, op, count, outstanding, **more):
        """Run the load generator; answers have @reply bytes."""
        with open("/sys/module/ditto_floor/parameters/reply", "w", encoding="ascii") as f:
            f.write(str(reply))
        self.handles["any"] = bytes(28)
        return self.load(op, "any", count, outstanding, **more)
