# SPDX-License-Identifier: GPL-2.0-only
"""Network namespaces with a host name, which stand for machines."""
import contextlib
import fcntl
import os
import socket
import struct
import subprocess

from files import put
from processes import run
from volumes import MNT_DETACH, MS_BIND, libc, mount, syscall, umount

NETNS = '/run/netns'
UTSNS = '/run/utsns'
CLONE_NEWUTS, CLONE_NEWNET = 0x04000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def loopback_up():
    """Bring the loopback interface of the thread's network namespace up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack('16sH14x', b'lo', IFF_UP))


class Ns:
    """A network namespace with a host name; 'with ns:' puts the calling thread into it."""

    def __init__(self, name, hostname):
        self.name, self.hostname = name, hostname
        self.files = {'net': f'{NETNS}/{name}', 'uts': f'{UTSNS}/{name}'}
        self.back = []
        with self._current():
            syscall(libc.unshare(CLONE_NEWNET | CLONE_NEWUTS), 'unshare')
            socket.sethostname(hostname)
            loopback_up()
            for kind, path in self.files.items():
                os.makedirs(os.path.dirname(path), exist_ok=True)
                put(path)
                mount(f'/proc/thread-self/ns/{kind}', path, '', MS_BIND)

    @staticmethod
    def _enter(path):
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            syscall(libc.setns(fd, 0), f'setns {path}')
        finally:
            os.close(fd)

    @contextlib.contextmanager
    def _current(self):
        """Remember the thread's namespaces and return to them afterwards."""
        self._remember()
        try:
            yield
        finally:
            self.__exit__()

    def _remember(self):
        self.back.append([os.open(f'/proc/thread-self/ns/{kind}', os.O_RDONLY | os.O_CLOEXEC)
                          for kind in self.files])

    def __enter__(self):
        self._remember()
        for path in self.files.values():
            self._enter(path)
        return self

    def __exit__(self, *_):
        for fd in self.back.pop():
            self._enter(f'/proc/self/fd/{fd}')
            os.close(fd)

    def run(self, *args, **kw):
        return run(*args, ns=self, **kw)

    def spawn(self, *args, **kw):
        """Start a program in the background; the runner ends it with the test."""
        with self:
            return subprocess.Popen(args, stdin=subprocess.DEVNULL, **kw)

    def remove(self):
        """Remove the name; the namespace disappears when nothing is left in it."""
        for path in self.files.values():
            umount(path, MNT_DETACH)
            os.unlink(path)


def ip(ns, *commands):
    """Run commands of ip in a namespace by one process, because starting one takes long."""
    run('ip', '-n', ns.name, '-batch', '-', input='\n'.join(commands) + '\n')
