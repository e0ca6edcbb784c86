# SPDX-License-Identifier: GPL-2.0-only
"""System calls on a mount, one after the other: what each takes with any server."""

import contextlib
import fcntl
import os
import shutil
import time

COUNT = 300
ACL = b"\x02\0\0\0" + b"".join(
    tag.to_bytes(2, "little") + perm.to_bytes(2, "little") + (0xffffffff if who < 0 else who)
    .to_bytes(4, "little") for tag, perm, who in ((1, 6, -1), (2, 4, 12345), (4, 4, -1),
                                                  (16, 4, -1), (32, 4, -1)))


def _touch(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))


def _read_all(path):
    fd = os.open(path, os.O_RDONLY)
    os.read(fd, 1 << 16)
    os.close(fd)


def _append(path):
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.write(fd, b"x" * 100)
    os.close(fd)


def _write_new(path):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    os.write(fd, b"x" * 8192)
    os.close(fd)


def _replace(path):
    """As editors save."""
    _write_new(f"{path}.new")
    os.rename(f"{path}.new", path)


def _lock(fd):
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 100)
    fcntl.lockf(fd, fcntl.LOCK_UN, 10, 100)


def _flock(fd):
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(fd, fcntl.LOCK_UN)


def _write_sync(fd):
    os.pwrite(fd, b"x" * 4096, 0)
    os.fsync(fd)


def _copy(source, target):
    os.copy_file_range(source, target, 65536, 0, 0)


class Calls:
    """Each of the calls on a folder of its own files."""

    label = "calls"

    def _table(self, where, fd, other):
        """(operation, the call of a number), in an order in which each finds what it needs."""
        def name(i):
            return f"{where}/f{i}"

        return (
            ("mkdir", lambda i: os.mkdir(f"{where}/d{i}")),
            ("list empty folder", lambda i: os.listdir(f"{where}/d{i}")),
            ("rename folder", lambda i: os.rename(f"{where}/d{i}", f"{where}/e{i}")),
            ("rmdir", lambda i: os.rmdir(f"{where}/e{i}")),
            ("symlink", lambda i: os.symlink("to/somewhere", f"{where}/s{i}")),
            ("readlink", lambda i: os.readlink(f"{where}/s{i}")),
            ("unlink symlink", lambda i: os.unlink(f"{where}/s{i}")),
            ("mknod", lambda i: os.mkfifo(f"{where}/p{i}")),
            ("unlink fifo", lambda i: os.unlink(f"{where}/p{i}")),
            ("touch", lambda i: _touch(name(i))),
            ("link", lambda i: os.link(name(i), f"{where}/l{i}")),
            ("unlink link", lambda i: os.unlink(f"{where}/l{i}")),
            ("stat absent", lambda i: os.path.exists(f"{where}/absent{i}")),
            ("chmod", lambda i: os.chmod(name(i), 0o600 + i % 7)),
            ("chown", lambda i: os.chown(name(i), 0, 10 + i % 7)),
            ("utimes", lambda i: os.utime(name(i), (i, i))),
            ("truncate", lambda i: os.truncate(name(i), 100 + i)),
            ("access", lambda i: os.access(name(i), os.W_OK)),
            ("append", lambda i: _append(name(i))),
            ("read small file", lambda i: _read_all(name(i))),
            ("setxattr", lambda i: os.setxattr(name(i), "user.x", b"value")),
            ("getxattr", lambda i: os.getxattr(name(i), "user.x")),
            ("listxattr", lambda i: os.listxattr(name(i))),
            ("removexattr", lambda i: os.removexattr(name(i), "user.x")),
            ("set ACL", lambda i: os.setxattr(name(i), "system.posix_acl_access", ACL)),
            ("get ACL", lambda i: os.getxattr(name(i), "system.posix_acl_access")),
            ("get NFSv4 ACL", lambda i: os.getxattr(name(i), "system.nfs4_acl")),
            ("get descriptor", lambda i: os.getxattr(name(i), "system.cifs_acl")),
            ("rename over a file", lambda i: os.rename(name(i), f"{where}/target")),
            ("write new file", lambda i: _write_new(f"{where}/w{i}")),
            ("replace file", lambda i: _replace(f"{where}/w{i}")),
            ("unlink written file", lambda i: os.unlink(f"{where}/w{i}")),
            ("statfs", lambda i: os.statvfs(where)),
            ("write and fsync", lambda i: _write_sync(fd)),
            ("lockf", lambda i: _lock(fd)),
            ("flock", lambda i: _flock(fd)),
            ("lseek hole", lambda i: os.lseek(fd, 0, os.SEEK_HOLE)),
            ("fallocate", lambda i: os.posix_fallocate(fd, i * 4096, 4096)),
            ("copy 64 KiB", lambda i: _copy(fd, other)),
        )

    def run(self, top, scale):
        """Microseconds of each call."""
        count = max(int(COUNT * scale), 20)
        where = f"{top}/calls"
        os.mkdir(where)
        with contextlib.ExitStack() as stack:
            fds = [os.open(f"{where}/{name}", os.O_RDWR | os.O_CREAT, 0o644)
                   for name in ("one", "other")]
            for fd in fds:
                stack.callback(os.close, fd)
                os.pwrite(fd, b"x" * 65536, 0)
                os.fsync(fd)
            for operation, call in self._table(where, *fds):
                started = time.monotonic_ns()
                try:
                    for i in range(count):
                        call(i)
                except OSError:
                    # A server, a version of its protocol or its file system does not do that.
                    continue
                took = time.monotonic_ns() - started
                yield operation, 1, "all", took / 1000 / count
        shutil.rmtree(where)
