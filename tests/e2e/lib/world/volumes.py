# SPDX-License-Identifier: GPL-2.0-only
"""Mounts, and the file systems that can be served."""
import contextlib
import ctypes
import fcntl
import os
import struct

from files import put
from processes import run

BASE = '/tmp/e2e'
MNT_FORCE, MNT_DETACH = 1, 2
MS_RDONLY, MS_BIND = 1, 4096
FIFREEZE, FITHAW = 0xc0045877, 0xc0045878
libc = ctypes.CDLL(None, use_errno=True)
# The file systems that can be served; 'lower' is an overlay with files in its lower layer.
KINDS = ('tmpfs', 'ext4', 'xfs', 'btrfs', 'overlay')
# What those of the tests cannot do; World.needs() skips what depends on it. Documentation/ has the
# same for users.
LIMITS = {
    'large attributes': ('ext4', 'the extended attributes of a file share 4 KiB'),
    'many files': ('ext4', 'it is made with fewer inodes'),
    'long links': ('xfs', 'a symbolic link has 1024 bytes at most'),
}


def syscall(result, what):
    if result:
        e = ctypes.get_errno()
        raise OSError(e, f'{what}: {os.strerror(e)}')


def mount(source, target, fstype, flags=0, data=''):
    syscall(libc.mount(source.encode(), target.encode(), fstype.encode(),
                       ctypes.c_ulong(flags), data.encode()), f'mount {source} on {target}')


def umount(target, flags=0):
    syscall(libc.umount2(target.encode(), flags), f'umount {target}')


@contextlib.contextmanager
def frozen(path):
    """Nothing is written to a file system."""
    fd = os.open(path, os.O_RDONLY)
    fcntl.ioctl(fd, FIFREEZE, struct.pack('i', 0))
    try:
        yield
    finally:
        fcntl.ioctl(fd, FITHAW, struct.pack('i', 0))
        os.close(fd)


def hanging(where):
    """Mount a file system in user space that does not even say hello."""
    fuse = os.open('/dev/fuse', os.O_RDWR)
    run('mount', '-i', '-t', 'fuse', '-o', f'fd={fuse},rootmode=40000,user_id=0,group_id=0', 'hangs',
        where, pass_fds=(fuse,))
    return fuse


def mount_image(image, where, kind, options=''):
    """Mount a file. Returns the device, which goes when it is unmounted."""
    # not mount -o loop: it keeps the device open for writing while it mounts it
    loop = run('losetup', '-f', '--show', image).strip()
    mount(loop, where, kind, 0, options)
    run('losetup', '-d', loop)
    return loop


class Volume:
    """A file system of a test, mounted locally on the server's side."""

    def __init__(self, where, kind, size='700m', image=None, options=()):
        self.where, self.kind = where, kind
        os.makedirs(where, exist_ok=True)
        self.image = image or f'{where}.img'
        self.lower = None
        if kind == 'tmpfs':
            mount('e2e', where, 'tmpfs', 0, f'size={size},mode=755')
        elif kind in ('overlay', 'lower'):
            self.lower = Volume(f'{where}.lower', 'ext4', size)
            d = self.lower.where
            for name in ('l', 'u', 'w'):
                os.mkdir(f'{d}/{name}')
            if kind == 'lower':
                put(f'{d}/l/from-lower', b'lower\n')
                os.makedirs(f'{d}/l/lower-dir/deep')
                put(f'{d}/l/lower-dir/deep/file', b'deep\n')
            mount('e2e', where, 'overlay', 0,
                  f'lowerdir={d}/l,upperdir={d}/u,workdir={d}/w,nfs_export=on,index=on')
        else:
            self._make_image(size, options)
            self.mount()
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(f'{where}/lost+found')

    def _make_image(self, size, more):
        with open(self.image, 'wb') as f:
            f.truncate(int(size[:-1]) << 20)
        # Metadata that is written later could fail on a disk that holds less than it says.
        lazy = 'nodiscard,lazy_itable_init=0,lazy_journal_init=0'
        ext = ['-q', '-F', '-E', lazy]
        # GFS2 as one machine mounts it alone.
        options = {'ext3': ext, 'ext4': ext, 'xfs': ['-q', '-K'], 'btrfs': ['-q', '-K'],
                   'gfs2': ['-q', '-O', '-p', 'lock_nolock', '-j', '1', '-J', '8']}
        run(f'mkfs.{self.kind}', *options[self.kind], *more, self.image)

    def mount(self):
        """Mount the image, at first and after umount()."""
        mount_image(self.image, self.where, self.kind)

    def umount(self):
        umount(self.where)
        if self.lower:
            self.lower.umount()
