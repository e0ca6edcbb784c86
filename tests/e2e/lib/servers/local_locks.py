# SPDX-License-Identifier: GPL-2.0-only
"""POSIX locks as the kernel of the server lists them."""
import os

from files import get


def device(path):
    """The device of a file system in the kernel's lists; st_dev may differ."""
    best = ('', '')
    for line in get('/proc/self/mountinfo').decode().splitlines():
        words = line.split()
        if path.startswith(words[4] + '/') and len(words[4]) >= len(best[0]):
            best = (words[4], words[2])
    major, minor = best[1].split(':')
    return f'{int(major):02x}:{int(minor):02x}'


def shown(w, name='f'):
    """The POSIX locks of a file on the server: kind, first byte, last byte, blocked."""
    inode = f'{device(w.path(name))}:{os.stat(w.path(name)).st_ino}'
    out = []
    for line in get('/proc/locks').decode().splitlines():
        words = line.split()
        blocked = words[1] == '->'
        words = words[2 if blocked else 1:]
        if words[0] == 'POSIX' and words[4] == inode:
            out.append((words[2], words[5], words[6], blocked))
    return sorted(out)
