# SPDX-License-Identifier: GPL-2.0-only
"""File systems that are mounted within a share."""
import errno
import functools
import os

from checks import eq, wait_for
from files import put
from volumes import mount, umount


def cover(w, name, below, **files):
    """Mount a file system of memory on a directory of the share, which has another file below."""
    os.makedirs(w.path(name), exist_ok=True)
    put(w.path(name, 'below'), below, 0o666)
    mount('e2e', w.path(name), 'tmpfs', 0, 'size=1m,mode=777')
    for file, data in files.items():
        put(w.path(name, file), data, 0o666)


def is_uncovered(path):
    try:
        umount(path)
    except OSError as e:
        eq(e.errno, errno.EBUSY)
        return False
    return True


def uncover(w, name):
    """Unmount what is on a directory of the share. The server may look for mounts just now."""
    wait_for('the end of the mount', functools.partial(is_uncovered, w.path(name)))


def handle(n, path):
    return functools.reduce(lambda fh, part: n.lookup(fh, part).fh, path.split('/'), n.root)


def fsid(n, path):
    return n.getattr(handle(n, path)).attr.fsid if path else n.getattr(n.root).attr.fsid


def is_entered(n, path):
    """True if this path leads into another file system; false also while one is released."""
    try:
        return fsid(n, path) != fsid(n, '')
    except AttributeError:  # a reply with an error
        return False


def entered(w, n, *paths):
    """Make mounts part of the share, and wait for the helper to have told of them."""
    w.server.set('data', nested='on')
    for path in paths:
        wait_for('the mount', functools.partial(is_entered, n, path))
