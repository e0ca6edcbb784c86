# SPDX-License-Identifier: GPL-2.0-only
"""The processes of dittod."""
import contextlib
import os


def status_of(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as f:
        return {k: v.split() for k, _, v in (line.partition(':') for line in f)}


def child_of(parent, word=None):
    """The child of a process with this argument; None if there is none."""
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            have = status_of(pid)
            with open(f'/proc/{pid}/cmdline', encoding='ascii') as f:
                words = f.read().split('\0')
            if (have['PPid'] == [str(parent)] and have['State'][0] != 'Z' and
                    (not word or word in words)):
                return int(pid)
    return None


def worker(w, kind):
    spawner = child_of(w.server.helper.pid)
    return spawner and child_of(spawner, f'--{kind}-worker')
