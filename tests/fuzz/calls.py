# SPDX-License-Identifier: GPL-2.0-only
"""One valid call of every procedure, on objects that are made for it."""

import os
import shutil
import stat

from results import MOUNT, NFS, NFSACL, PROCEDURES
from wire import Connection, lookup, mount
from xdr import Pack


class World:
    """The server and its share; made again when mutations have changed it."""

    def __init__(self, options):
        self.address = options.address
        self.timeout = options.timeout      # seconds that a reply may take
        self.ports = {NFS: options.port, NFSACL: options.port,
                      MOUNT: options.mount_port or options.port}
        self.share = options.share          # as MOUNT spells it
        self.directory = options.directory  # where it is in this machine
        self.handles = {}
        self.refresh()

    def connect(self, prog=NFS):
        """A new connection to a program's port."""
        return Connection(self.address, self.ports[prog], self.timeout)

    def refresh(self):
        """Empty the share, make its files, and ask for their handles."""
        top = self.directory
        os.chmod(top, 0o777)
        for name in os.listdir(top):
            path = os.path.join(top, name)
            if stat.S_ISDIR(os.lstat(path).st_mode):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)
        for name in ("dir", "full", "empty"):
            os.mkdir(os.path.join(top, name))
        with open(os.path.join(top, "file"), "wb") as f:
            f.write(bytes(range(256)) * 64)
        for name in [f"full/{i:03}" for i in range(100)] + ["victim", "from"]:
            with open(os.path.join(top, name), "wb"):
                pass
        os.symlink("file", os.path.join(top, "link"))
        os.mkfifo(os.path.join(top, "fifo"))
        root = mount(self.address, self.ports[MOUNT], self.share, self.timeout)
        with self.connect() as conn:
            self.handles = {name: lookup(conn, root, name)
                            for name in ("dir", "full", "empty", "file", "link", "fifo")}
        self.handles["root"] = root


class Call:
    """A valid call: .args are its arguments, .fields the numbers in them."""

    def __init__(self, prog, proc, pack=None, label=""):
        self.prog = prog
        self.proc = proc
        self.args = bytes(pack.data) if pack else b""
        self.fields = pack.fields if pack else []
        self.name = PROCEDURES[prog, proc][0] + label


def sattr(pack, mode=0o644, size=None, times=0):
    """sattr3: a mode, perhaps a size, and both times set as `times` says."""
    pack.number(1, "set_mode", "bool").number(mode, "mode")
    pack.number(0, "set_uid", "bool").number(0, "set_gid", "bool")
    pack.number(0 if size is None else 1, "set_size", "bool")
    if size is not None:
        pack.number(size, "size", "u64")
    for name in ("atime", "mtime"):
        pack.number(times, "set_" + name, "enum")
        if times == 2:
            pack.number(1, name + ".s").number(2, name + ".ns")
    return pack


def with_handle(fh):
    """Arguments that begin with a handle."""
    return Pack().opaque(fh, "fh")


def with_name(fh, name):
    """Arguments that begin with diropargs3."""
    return with_handle(fh).opaque(name, "name")


def making(h):
    """The calls that create something."""
    yield Call(NFS, 8, sattr(with_name(h["dir"], b"new").number(0, "how", "enum")))
    yield Call(NFS, 8, sattr(with_name(h["dir"], b"guarded").number(1, "how", "enum")), " GUARDED")
    yield Call(NFS, 8, with_name(h["dir"], b"exclusive").number(2, "how", "enum").raw(b"verifier"),
               " EXCLUSIVE")
    yield Call(NFS, 9, sattr(with_name(h["dir"], b"newdir"), 0o755))
    yield Call(NFS, 10, sattr(with_name(h["dir"], b"newlink"), 0o777).opaque(b"to/where", "path"))
    for number, kind in (4, "CHR"), (6, "SOCK"), (7, "FIFO"):
        pack = sattr(with_name(h["dir"], b"node" + kind.encode()).number(number, "type", "enum"))
        if number == 4:
            pack.number(1, "specdata1").number(3, "specdata2")
        yield Call(NFS, 11, pack, " " + kind)


def listing(h):
    """The calls that list directories."""
    yield Call(NFS, 16, with_handle(h["full"]).number(0, "cookie", "u64").raw(bytes(8))
               .number(4096, "count"))
    yield Call(NFS, 17, with_handle(h["full"]).number(0, "cookie", "u64").raw(bytes(8))
               .number(2048, "dircount").number(8192, "maxcount"))


def nfs(h):
    """NFSv3, in an order in which each of them succeeds."""
    yield Call(NFS, 0)
    yield Call(NFS, 1, with_handle(h["file"]))
    yield Call(NFS, 2, sattr(with_handle(h["file"]), 0o666, 16384, 2).number(0, "guard", "bool"))
    yield Call(NFS, 3, with_name(h["root"], b"file"))
    yield Call(NFS, 4, with_handle(h["file"]).number(0x3f, "access"))
    yield Call(NFS, 5, with_handle(h["link"]))
    yield Call(NFS, 6, with_handle(h["file"]).number(0, "offset", "u64").number(512, "count"))
    for how, label in (0, " UNSTABLE"), (2, " FILE_SYNC"):
        yield Call(NFS, 7, with_handle(h["file"]).number(4096, "offset", "u64")
                   .number(64, "count").number(how, "stable", "enum")
                   .opaque(b"w" * 64, "data"), label)
    yield from making(h)
    yield Call(NFS, 12, with_name(h["root"], b"victim"))
    yield Call(NFS, 13, with_name(h["root"], b"empty"))
    yield Call(NFS, 14, with_name(h["root"], b"from").opaque(h["dir"], "to.dir")
               .opaque(b"to", "to.name"))
    yield Call(NFS, 15, with_handle(h["file"]).opaque(h["dir"], "link.dir")
               .opaque(b"hard", "link.name"))
    yield from listing(h)
    yield Call(NFS, 18, with_handle(h["root"]))
    yield Call(NFS, 19, with_handle(h["root"]))
    yield Call(NFS, 20, with_handle(h["root"]))
    yield Call(NFS, 21, with_handle(h["file"]).number(0, "offset", "u64").number(0, "count"))


def acl(pack, who):
    """A minimal ACL of NFSACL: owner, group, others."""
    pack.number(3, who + ".count").number(3, who + ".array", "len")
    for tag in 0x01, 0x04, 0x20:
        pack.number(tag, who + ".type", "enum").number(0, who + ".id").number(4, who + ".perm")
    return pack


def nfsacl(h):
    """NFSACL v3."""
    yield Call(NFSACL, 0)
    yield Call(NFSACL, 1, with_handle(h["file"]).number(0xf, "mask"))
    pack = acl(with_handle(h["file"]).number(1, "mask"), "access")
    yield Call(NFSACL, 2, pack.number(0, "default.count").number(0, "default.array", "len"))


def mnt(share):
    """MOUNT v3."""
    path = share.encode()
    yield Call(MOUNT, 0)
    yield Call(MOUNT, 1, Pack().opaque(path, "path"))
    yield Call(MOUNT, 2)
    yield Call(MOUNT, 3, Pack().opaque(path, "path"))
    yield Call(MOUNT, 4)
    yield Call(MOUNT, 5)


def calls(world, programs=(NFS, NFSACL, MOUNT)):
    """Every procedure of the programs, as a list of Calls."""
    made = {NFS: lambda: nfs(world.handles), NFSACL: lambda: nfsacl(world.handles),
            MOUNT: lambda: mnt(world.share)}
    return [call for prog in programs for call in made[prog]()]
