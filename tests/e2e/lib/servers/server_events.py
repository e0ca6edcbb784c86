# SPDX-License-Identifier: GPL-2.0-only
"""What the server and its kernel report."""
import contextlib
import os

import servers
from checks import wait_for
from files import get


@contextlib.contextmanager
def listening(w):
    """Listen for events; told(kind, subject) is true if such an event was reported."""
    path = f'{w.base}/lock-events.log'
    with open(path, 'wb') as log:
        watcher = w.server_ns.spawn(servers.tool('dittoctl'), 'events', stdout=log)

    def told(kind, subject):
        return any(kind in line and subject in line
                   for line in get(path).decode().splitlines())

    def begun():
        w.server.ctl('share', 'set', 'data', 'rw')
        return told('share-changed', 'data')
    wait_for('an event', begun)
    yield told
    watcher.terminate()
    watcher.wait()


@contextlib.contextmanager
def kernel_log():
    """A function that returns the kernel's log lines from now on."""
    fd = os.open('/dev/kmsg', os.O_RDONLY | os.O_NONBLOCK)
    os.lseek(fd, 0, os.SEEK_END)

    def lines():
        found = []
        while True:
            try:
                found.append(os.read(fd, 8192).decode())
            except BlockingIOError:
                return found
    try:
        yield lines
    finally:
        os.close(fd)
