# SPDX-License-Identifier: GPL-2.0-only
"""SMB: reparse points and special files."""
import os
import stat
import struct

import smb2
from checks import eq, wait_for
from files import get
from harness import test
from smb_info import (ALL, DELETE_REPARSE, GET_REPARSE, REPARSE, SET_REPARSE, filetime, fresh,
                      session, set_basic, symlink_data)

LINK_ITSELF = 0x200000          # FILE_OPEN_REPARSE_POINT


@test(smb=True, squash='none')
def reparse_points(w):
    s = session(w)
    fid = fresh(s, 'link')
    s.ioctl(fid, SET_REPARSE, symlink_data('d\\f'))
    s.close(fid)
    eq(os.readlink(w.path('link')), 'd/f')
    smb2.refused('STOPPED_ON_SYMLINK', s.create, 'link', how=smb2.OPEN)
    # before anything is decided about a new file
    smb2.refused('STOPPED_ON_SYMLINK', s.create, 'link', how=smb2.MAKE)
    smb2.refused('OBJECT_NAME_COLLISION', s.create, 'link', how=smb2.MAKE, options=0x200000)
    fid = s.create('link', options=0x200000, how=smb2.OPEN)
    out = s.ioctl(fid, GET_REPARSE)
    tag, _, _, offset, length = struct.unpack_from('<IHHHH', out)
    eq((tag, out[20 + offset:20 + offset + length].decode('utf-16-le')), (0xa000000c, 'd\\f'))
    s.close(fid)

    fid = fresh(s, 'pipe')
    s.ioctl(fid, SET_REPARSE, struct.pack('<IHHQ', 0x80000014, 8, 0, 0x4f464946))
    s.close(fid)
    eq(stat.S_ISFIFO(os.stat(w.path('pipe')).st_mode), True)
    fid = s.create('pipe', options=0x200000, how=smb2.OPEN)
    eq(s.ioctl(fid, GET_REPARSE)[8:16], struct.pack('<Q', 0x4f464946))
    s.ioctl(fid, DELETE_REPARSE, struct.pack('<IHH', 0x80000014, 0, 0))
    s.close(fid)
    eq(stat.S_ISREG(os.stat(w.path('pipe')).st_mode), True)

    # Absolute targets: those of Windows name a drive or a server, and come back as they are.
    fid = fresh(s, 'absolute')
    smb2.refused('0xc0000278', s.ioctl, fid, SET_REPARSE, symlink_data('C:\\f', flags=0))
    s.close(fid)
    for target in ('\\??\\C:\\f', '\\??\\UNC\\server\\share\\f', '\\\\server\\share\\f'):
        fid = fresh(s, 'nt')
        s.ioctl(fid, SET_REPARSE, symlink_data(target, flags=0))
        s.close(fid)
        eq(os.readlink(w.path('nt')), target)
        fid = s.create('nt', options=0x200000, how=smb2.OPEN)
        out = s.ioctl(fid, GET_REPARSE)
        _, length, flags = struct.unpack_from('<HHxxxxI', out, 8)
        eq((out[20:20 + length].decode('utf-16-le'), flags), (target, 0))
        s.close(fid)
        smb2.refused('STOPPED_ON_SYMLINK', s.create, 'nt', how=smb2.OPEN)
        data = symlink_data(target, flags=0)
        eq(s.frame[72:], struct.pack('<I4s', 4 + len(data), b'SYML') + data)
        os.unlink(w.path('nt'))
    for target in ('\\d\\f', 'd\\f'):
        fid = fresh(s, f'to {len(target)}')
        s.ioctl(fid, SET_REPARSE, symlink_data(target, flags=0))
        s.close(fid)
        eq(os.readlink(w.path(f'to {len(target)}')), '/d/f')

    fid = fresh(s, 'full', b'data')
    smb2.refused('0xc0000278', s.ioctl, fid, SET_REPARSE, symlink_data('x'))
    smb2.refused('0xc0000275', s.ioctl, fid, GET_REPARSE)
    s.end()


def about(s, fid):
    """(is a reparse point, number of links, id) of the file of an open."""
    out = s.query(fid, ALL)
    return (bool(struct.unpack_from('<I', out, 32)[0] & REPARSE),
            struct.unpack_from('<I', out, 56)[0], struct.unpack_from('<Q', out, 64)[0])


@test(smb=True, squash='none')
def open_becomes_reparse_point(w):
    """The open by which a file became a reparse point goes on with what replaced the file."""
    s = session(w)
    other = session(w)
    link, fifo = symlink_data('f'), struct.pack('<IHHQ', 0x80000014, 8, 0, 0x4f464946)
    for name, data, options in ('link', link, 0), ('fifo', fifo, 0), ('dir', link, 1):
        path = w.path(name)
        fid = fresh(s, name, options=options, share=smb2.SHARE_READ)
        eq(about(s, fid)[0], False, name)
        s.ioctl(fid, SET_REPARSE, data)
        smb2.refused('SHARING_VIOLATION', other.create, name, how=smb2.OPEN, options=LINK_ITSELF)
        again = other.create(name, access=smb2.READ_ATTRIBUTES, how=smb2.OPEN, options=LINK_ITSELF)
        eq(about(s, fid), (True, 1, about(other, again)[2]), name)
        other.close(again)
        eq(s.ioctl(fid, GET_REPARSE)[:4], data[:4], name)
        set_basic(s, fid, written=filetime(1000))
        eq(os.lstat(path).st_mtime, 1000, name)
        smb2.refused('NOT_SUPPORTED', s.ioctl, fid, DELETE_REPARSE, data[:4] + bytes(4))
        s.rename(fid, 'renamed')
        eq(sorted(set(os.listdir(w.export)) - {'.ditto'}), ['renamed'], name)
        s.delete_on_close(fid)
        s.close(fid)
        eq(os.path.lexists(w.path('renamed')), False, name)
    fid = fresh(s, 'full')
    s.ioctl(fid, SET_REPARSE, fifo)
    s.close(fid)
    fid = s.create('full', access=smb2.GENERIC_ALL, how=smb2.OPEN, options=LINK_ITSELF)
    s.ioctl(fid, DELETE_REPARSE, fifo[:4] + bytes(4))
    eq(about(s, fid)[:2], (False, 1))
    s.write(fid, b'data')
    s.close(fid)
    eq(get(w.path('full')), b'data')
    # Deletion at close is of the new file; a deletion that is pending comes first.
    fid = fresh(s, 'going', options=smb2.DELETE_ON_CLOSE)
    s.ioctl(fid, SET_REPARSE, link)
    eq(os.readlink(w.path('going')), 'f')
    s.close(fid)
    eq(os.path.lexists(w.path('going')), False)
    fid = fresh(s, 'pending')
    s.delete_on_close(fid)
    smb2.refused('DELETE_PENDING', s.ioctl, fid, SET_REPARSE, link)
    s.close(fid)
    eq(sorted(set(os.listdir(w.export)) - {'.ditto'}), ['full'])
    s.end()
    other.end()


@test(smb=True, squash='none')
def targets_of_links(w):
    """An open that a link stops is told the target, however long (MS-SMB2 section 2.2.2.2.1)."""
    s = session(w)
    for target in ('f', 'd' * 200, '\U0001f642' * 300, '\u20ac' * 1365, 'x' * 4095):
        os.symlink(target, w.path('link'))
        smb2.refused('STOPPED_ON_SYMLINK', s.create, 'link\\rest', how=smb2.OPEN)
        data = symlink_data(target, unparsed=2 * len('\\rest'))
        eq(s.frame[72:], struct.pack('<I4s', 4 + len(data), b'SYML') + data, target[:9])
        os.unlink(w.path('link'))
    s.end()


@test(smb=True, squash='none')
def special_files_of_linux(w):
    os.chmod(w.export, 0o777)
    where = w.client.mount_smb()
    os.mkfifo(f'{where}/pipe')
    os.symlink('pipe', f'{where}/link')
    eq(stat.S_ISFIFO(os.lstat(w.path('pipe')).st_mode), True, 'on the server')
    eq(os.readlink(w.path('link')), 'pipe')
    for name in 'pipe', 'link':
        eq(os.lstat(f'{where}/{name}').st_ino, os.lstat(w.path(name)).st_ino, name)
    os.mknod(w.path('device'), stat.S_IFCHR | 0o666, os.makedev(1, 3))
    w.client.umount(where)
    where = w.client.mount_smb()
    eq(stat.S_ISFIFO(os.lstat(f'{where}/pipe').st_mode), True, 'to the client')
    eq(os.readlink(f'{where}/link'), 'pipe')
    st = os.lstat(f'{where}/device')
    eq((stat.S_ISCHR(st.st_mode), st.st_rdev), (True, os.makedev(1, 3)))
    eq(sorted(os.listdir(where)), ['device', 'link', 'pipe'])
    for name in os.listdir(where):
        os.unlink(f'{where}/{name}')
    wait_for('all goes', lambda: not os.listdir(w.export))
