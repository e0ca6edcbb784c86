# SPDX-License-Identifier: GPL-2.0-only
"""Trees of files with awkward contents, and what is compared of them."""
import hashlib
import os
import random

from files import get, pattern, put
from processes import run


def make_tree(top, seed=1):
    """A tree with files of awkward sizes, links, empty folders and odd names."""
    rnd = random.Random(seed)
    sizes = [0, 1, 15, 4095, 4096, 4097, 65536, 70001, 1 << 20, (1 << 20) + 3]
    for d in range(6):
        folder = f'{top}/dir {d}/ünïcode-{d}/deeper'
        os.makedirs(folder)
        for i in range(12):
            size = sizes[i] if i < len(sizes) and d == 0 else rnd.choice(sizes[:8])
            put(f'{folder}/file-{i}', pattern(d * 100 + i, size), rnd.choice([0o644, 0o600, 0o755]))
        os.symlink('file-1', f'{folder}/link')
        os.symlink('/nowhere/at all', f'{folder}/dangling')
        os.link(f'{folder}/file-2', f'{folder}/hard')
        os.mkdir(f'{folder}/empty')
    put(f'{top}/{"n" * 255}', b'long name')


def digest(top):
    """One line per object: type, mode, size, time, content."""
    out = {}
    for folder, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            content = ''
            if os.path.islink(path):
                content = os.readlink(path)
            elif os.path.isfile(path):
                content = hashlib.sha256(get(path)).hexdigest()
            what = (oct(st.st_mode), st.st_uid, content)
            if not os.path.islink(path) and not os.path.isdir(path):
                what += (st.st_size, st.st_mtime_ns, st.st_nlink)
            out[os.path.relpath(path, top)] = what
    return out


def names_on_disk(image, path):
    """Names in a directory, as the disk of an ext4 without a journal has them."""
    listed = run('debugfs', '-R', f'ls -p {path}', image).split()
    return sorted({line.split('/')[5] for line in listed if line[0] == '/'} - {'.', '..'})
