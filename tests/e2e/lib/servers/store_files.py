# SPDX-License-Identifier: GPL-2.0-only
"""Files whose data is in an object store."""
import contextlib
import errno
import hashlib
import itertools
import os
import random
import stat

from checks import eq
from files import MIB, put
from processes import run
from stores import deletions

# Answers of clients whose server cannot get data.
LOST = (errno.EIO, errno.EREMOTEIO)
EVERYTHING = ('gc', '--grace', '0', '--force')
TREE = '.snapshots'


def content(seed, size):
    """Bytes that cannot be compressed."""
    return random.Random(seed).randbytes(size)


def digest(path):
    h = hashlib.sha256()
    with open(path, 'rb') as f:
        while block := f.read(MIB):
            h.update(block)
    return h.hexdigest()


def mounts(client):
    """A mount of each kind, whose caches are cold."""
    return {'nfs3': client.mount(vers='3'), 'nfs42': client.mount(vers='4.2'),
            'smb': client.mount_smb(opts='cache=none')}


def same_number(w, data, mine, theirs):
    """Files of two file systems with one inode number: what is below an export, and @data."""
    made = {}
    for i in range(100):
        for folder in w.export, theirs:
            path = put(f'{folder}/number{i}', data if folder == theirs else b'm' * len(data), 0o600)
            made.setdefault(os.stat(path).st_ino, []).append(path)
    first, second = next(paths for paths in made.values() if len(paths) == 2)
    for path in itertools.chain(*made.values()):
        if path not in (first, second):
            os.unlink(path)
    os.rename(first, mine)
    os.rename(second, f'{theirs}/{os.path.basename(mine)}')


def offloaded(s, path, data):
    """Make a file and push it."""
    put(path, data, 0o644)
    eq(s.push(path)['done'], 1, 'pushed')
    eq(s.states(path)['offloaded'], 1, 'offloaded')
    return path


def sha(data):
    return hashlib.sha256(data).hexdigest()


def refused(s, *words):
    """gc deletes nothing, and says why."""
    s.forget()
    status, said, errors = s.tool(*EVERYTHING, check=False)
    assert status and said['problems'], (status, said, errors)
    eq((said['deleted'], deletions(s)), (0, []), 'deleted')
    for word in words:
        assert word in errors, (word, errors)


def served_disk(w, name='disk'):
    """A share on a file system of its own, which can be unmounted."""
    w.served_volume(name, size='100m', offload=True)
    return w.volumes[-1]


@contextlib.contextmanager
def small_disk(w, size):
    """Programs keep what they note for a while on a disk of this size."""
    folder = f'{w.base}/small'
    os.mkdir(folder)
    run('mount', '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', folder)
    os.environ['SQLITE_TMPDIR'] = folder
    try:
        yield
    finally:
        del os.environ['SQLITE_TMPDIR']
        run('umount', folder)


def change(path, data):
    """Another content, as a client that writes the file again leaves it."""
    put(path, data, 0o644)


def described(path):
    """What a restored entry must have."""
    st = os.lstat(path)
    kind = stat.S_IFMT(st.st_mode)
    return (st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns,
            st.st_size if kind == stat.S_IFREG else 0,
            os.readlink(path) if kind == stat.S_IFLNK else '',
            {name: os.getxattr(path, name, follow_symlinks=False)
             for name in os.listxattr(path, follow_symlinks=False) if 'offload' not in name})


def described_all(root):
    """The same of all below a directory, but for the snapshots that clients see."""
    found = {}
    for folder, dirs, files in os.walk(root):
        dirs[:] = [d for d in dirs if d != TREE]
        for name in dirs + files:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = described(path)
    return found
