# SPDX-License-Identifier: GPL-2.0-only
"""SMB: what every information level and FSCTL answers to what, as tables of inputs and statuses.

Sections are of MS-FSA unless they say otherwise. A row is an open, a request and its status.
"""
import os
import struct
import time

import smb2
from checks import eq
from harness import test
from smb import UIDS
from smb_bodies import QueryInfo
from smb_info import session

NAMES = {**smb2.NAMES, 0x80000013: 'INVALID_EA_NAME', 0x80000014: 'EA_LIST_INCONSISTENT',
         0xc0000003: 'INVALID_INFO_CLASS', 0xc0000004: 'INFO_LENGTH_MISMATCH',
         0xc0000010: 'INVALID_DEVICE_REQUEST', 0xc0000024: 'OBJECT_TYPE_MISMATCH',
         0xc0000052: 'NO_EAS_ON_FILE', 0xc00000ba: 'FILE_IS_A_DIRECTORY',
         0xc0000275: 'NOT_A_REPARSE_POINT', 0xc0000276: 'IO_REPARSE_TAG_INVALID',
         0xc0000277: 'IO_REPARSE_TAG_MISMATCH', 0xc0000278: 'IO_REPARSE_DATA_INVALID',
         0xc00002f0: 'OBJECTID_NOT_FOUND'}
SYNCHRONIZE, READ_ATTRIBUTES, WRITE_ATTRIBUTES = 0x100000, 0x80, 0x100
LINK_TARGET = struct.pack('<IHHHHHHI', 0xa000000c, 14, 0, 0, 2, 0, 2, 1) + 'x'.encode('utf-16-le')
# name, access, options and size of what a row is about
OPENS = {
    'file': ('f', smb2.GENERIC_ALL, 0, 100), 'empty': ('f', smb2.GENERIC_ALL, 0, 0),
    'reader': ('f', smb2.GENERIC_READ, 0, 0), 'writer': ('f', smb2.GENERIC_WRITE, 0, 0),
    'deleter': ('f', smb2.DELETE, 0, 0), 'none': ('f', SYNCHRONIZE, 0, 0),
    'alerted': ('f', smb2.GENERIC_ALL | SYNCHRONIZE, 0x10, 0),
    'stream': ('f:s', smb2.GENERIC_ALL, 0, 100),
    'dir': ('d', smb2.GENERIC_ALL, smb2.DIRECTORY_FILE, 0),
    'dirstream': ('d:s', smb2.GENERIC_ALL, 0, 0),
}
MINUS, LARGEST = (1 << 64) - 1, (1 << 63) - 1


def u32(*values):
    return struct.pack(f'<{len(values)}I', *values)


def u64(*values):
    return struct.pack(f'<{len(values)}Q', *values)


def to(name, replace=0, root=0, length=None):
    """FILE_RENAME_INFORMATION_TYPE_2 and FILE_LINK_INFORMATION_TYPE_2."""
    name = name.encode('utf-16-le')
    return struct.pack('<B7xQI', replace, root, len(name) if length is None else length) + name


def ea(name, flags=0, following=0):
    return struct.pack('<IBBH', following, flags, len(name), 1) + name + b'\0v'


def basic(*times, flags=0):
    return u64(*times) + u32(flags, 0)


class Walk:
    """The rows of a table, each on opens of its own, and those that got another status."""

    def __init__(self, w, user='alice'):
        self.session, self.made, self.wrong = session(w, user=user), 0, []

    def open(self, what):
        name, access, options, size = OPENS[what]
        self.made += 1
        name = name[0] + f'{self.made:03}' + name[1:]
        if what == 'dirstream':
            self.session.create(name.partition(':')[0], options=smb2.DIRECTORY_FILE)
        first = self.session.create(name, access=smb2.GENERIC_ALL, options=options & 1,
                                    how=smb2.OPEN_IF if options & 1 else smb2.OVERWRITE_IF)
        if size:
            self.session.write(first, bytes(size))
        fid = self.session.create(name, access=access, options=options)
        self.session.close(first)
        return fid

    def status(self, command, body):
        number, _ = self.session.answer(self.session.send(command, body))
        return NAMES.get(number, f'{number:#010x}')

    def row(self, row, command, body, want):
        got = self.status(command, body)
        if got != want:
            self.wrong.append(f'{row}: {got}, not {want}')

    def query(self, kind, level, rows):
        for what, room, want in rows:
            self.row((what, level, room), smb2.QUERY_INFO, bytes(QueryInfo(
                kind=kind, level=level, room=room, fid=self.open(what))) + b'\0', want)

    def set(self, kind, level, rows):
        for what, data, want in rows:
            self.row((what, level, data), smb2.SET_INFO, smb2.set_body(self.open(what), level, data,
                                                                      kind), want)

    def ioctl(self, code, rows):
        for what, data, room, want in rows:
            self.row((what, hex(code), data[:64], room), smb2.IOCTL,
                     smb2.ioctl_body(self.open(what), code, data, room), want)

    def end(self):
        self.session.end()
        eq(self.wrong, [])


# Levels of files with their sizes: one byte less is too few (2.1.5.12, MS-FSCC 2.4). Those behind
# them need FILE_READ_ATTRIBUTES (MS-SMB2 3.3.5.20.1).
QUERY_SIZES = {5: 24, 6: 8, 7: 4, 8: 4, 14: 8, 16: 4, 17: 4, 22: 32, 28: 16, 59: 24}
QUERY_ATTRIBUTES = {4: 40, 18: 104, 34: 56, 35: 8, 68: 72, 70: 96}
# Not queries at all, or of listings; and none of MS-SMB2's, though they are in MS-FSCC.
QUERY_INVALID = (0, 1, 2, 3, 10, 11, 12, 13, 19, 20, 37, 38, 39, 40, 50, 60, 64, 65, 72, 78, 79, 99,
                 255)
QUERY_UNSUPPORTED = (9, 25, 26, 29, 33, 44, 46, 54, 71)


@test(smb=True, squash='none')
def queries_of_files(w):
    """Levels of QUERY_INFO for files (2.1.5.12): class, then length, then access."""
    walk = Walk(w)
    for level, size in (QUERY_SIZES | QUERY_ATTRIBUTES).items():
        for what in 'file', 'dir', 'stream':
            walk.query(1, level, [(what, size - 1, 'INFO_LENGTH_MISMATCH'),
                                  (what, 0, 'INFO_LENGTH_MISMATCH'),
                                  (what, 65536, 'SUCCESS')])
        missing = level in QUERY_ATTRIBUTES
        walk.query(1, level, [('none', size - 1, 'INFO_LENGTH_MISMATCH'),
                              ('none', 65536, 'ACCESS_DENIED' if missing else 'SUCCESS')])
    for level in QUERY_INVALID:
        walk.query(1, level, [(what, room, 'INVALID_INFO_CLASS')
                              for what in ('file', 'dir', 'none') for room in (1, 65536)])
    for level in QUERY_UNSUPPORTED:
        walk.query(1, level, [(what, 65536, 'NOT_SUPPORTED') for what in ('file', 'dir')])
    walk.query(1, 32, [('file', 65536, 'INVALID_PARAMETER')])
    walk.query(1, 15, [('file', 65536, 'NO_EAS_ON_FILE'), ('none', 65536, 'ACCESS_DENIED')])
    walk.query(1, 21, [('file', 7, 'INFO_LENGTH_MISMATCH'), ('file', 65536, 'SUCCESS')])
    walk.query(5, 0, [('file', 65536, 'INVALID_PARAMETER')])
    # before 3.1.1
    walk.query(1, 48, [('file', 65536, 'NOT_SUPPORTED'), ('dir', 65536, 'NOT_SUPPORTED')])
    walk.end()


@test(smb=True, squash='none')
def levels_that_agree(w):
    """FileStat, FileStatLx, the USN record and the volume data say what other levels do."""
    s = session(w)
    for name, options in ('some name', 0), ('some folder', smb2.DIRECTORY_FILE):
        fid = s.create(name, access=smb2.GENERIC_ALL, options=options)
        ids, times = s.query(fid, 59), s.query(fid, 4)[:32]
        attributes, tag = struct.unpack('<II', s.query(fid, 35))
        for level, size in (68, 72), (70, 96):
            stat = s.query(fid, level)
            eq((len(stat), stat[:8], stat[8:40]), (size, ids[8:16], times))
            eq(struct.unpack_from('<III', stat, 56),
               (attributes, tag, os.stat(w.path(name)).st_nlink))
            eq(stat[72:], bytes(size - 72))
        root = s.create('', access=smb2.GENERIC_READ, options=smb2.DIRECTORY_FILE)
        above = s.query(root, 6)
        for asked, version, width in ((b'', 2, 8), (struct.pack('<HH', 2, 2), 2, 8),
                                      (struct.pack('<HH', 2, 3), 3, 16),
                                      (struct.pack('<HH', 3, 4), 3, 16)):
            record = s.ioctl(fid, 0x900eb, asked)
            length, major, minor = struct.unpack_from('<IHH', record)
            eq((length, major, minor, length % 8), (len(record), version, 0, 0))
            eq(record[8:8 + 2 * width], ids[8:16].ljust(width, b'\0') + above.ljust(width, b'\0'))
            found, size, at = struct.unpack_from('<IHH', record, 8 + 2 * width + 28)
            eq((found, record[at:at + size].decode('utf-16-le')), (attributes, name))
    record = s.ioctl(root, 0x900eb)
    eq((record[16:24], record[60:62]), (bytes(8), '.'.encode('utf-16-le')))
    volume = s.ioctl(root, 0x90064)
    total, _, units, sector = struct.unpack('<QQII', s.query(root, 3, 2))
    eq((len(volume), volume[:8]), (96, ids[:8]))
    eq(struct.unpack_from('<QQ', volume, 8), (total * units, total))
    eq(struct.unpack_from('<II', volume, 40), (sector, sector * units))
    s.end()


@test(smb=True, squash='none')
def directories_outside(w):
    """The record of a file that was moved out of the share tells nothing of its directory there."""
    os.makedirs(w.path('part/dir'))
    os.makedirs(w.path('other'))
    os.chmod(w.path('part/dir'), 0o777)
    w.server.add('part', w.path('part'), squash='none')
    s = session(w, share='part')
    fid = s.create('dir\\f')
    above = struct.pack('<Q', os.stat(w.path('part/dir')).st_ino)
    eq(s.ioctl(fid, 0x900eb)[16:24], above)
    os.rename(w.path('part/dir/f'), w.path('other/f'))
    smb2.refused('FILE_CLOSED', s.ioctl, fid, 0x900eb)
    s.end()


@test(smb=True, squash='none')
def levels_of_file_systems(w):
    """Levels of QUERY_INFO and SET_INFO for file systems (2.1.5.13, 2.1.5.16)."""
    walk = Walk(w)
    for level, size in {1: 24, 3: 24, 4: 8, 5: 16, 6: 48, 7: 32, 8: 64, 11: 28}.items():
        walk.query(2, level, [('none', size - 1, 'INFO_LENGTH_MISMATCH'),
                              ('none', 65536, 'SUCCESS'), ('dir', 65536, 'SUCCESS')])
    for level in 9, 10, 12:
        walk.query(2, level, [('file', 1, 'INFO_LENGTH_MISMATCH'), ('file', 4096, 'NOT_SUPPORTED')])
    for level in 0, 2, 99:
        walk.query(2, level, [('file', 1, 'INVALID_INFO_CLASS'),
                              ('file', 65536, 'INVALID_INFO_CLASS')])
    # only queries, or none at all; for local programs; and the server's to say
    for level in 0, 1, 3, 4, 5, 7, 11, 99:
        walk.set(2, level, [('file', bytes(128), 'INVALID_INFO_CLASS'),
                            ('dir', b'', 'INVALID_INFO_CLASS')])
    for level in 2, 9, 10:
        walk.set(2, level, [('file', bytes(128), 'NOT_SUPPORTED')])
    for level, size in {6: 48, 8: 64}.items():
        walk.set(2, level, [('reader', bytes(size - 1), 'INFO_LENGTH_MISMATCH'),
                            ('reader', bytes(size), 'ACCESS_DENIED'),
                            ('file', bytes(size), 'ACCESS_DENIED')])
    walk.end()


SET_INVALID = (0, 1, 2, 3, 5, 6, 7, 8, 9, 12, 17, 18, 21, 22, 24, 28, 34, 35, 37, 38, 46, 48, 50,
               54, 59, 60, 68, 70, 99, 255)
SET_UNSUPPORTED = (25, 27, 29, 32, 44, 71)
# (level, least length, open without the right)
SET_SIZES = ((4, 40, 'reader'), (10, 20, 'writer'), (13, 1, 'writer'), (19, 8, 'reader'),
             (20, 8, 'reader'), (39, 8, 'reader'), (40, 4, 'writer'), (64, 4, 'writer'),
             (65, 20, 'writer'))


@test(smb=True, squash='none')
def changes_of_files(w):
    """Levels of SET_INFO for files (2.1.5.15): class, then length, then access."""
    walk = Walk(w)
    for level in SET_INVALID:
        walk.set(1, level, [('file', bytes(128), 'INVALID_INFO_CLASS'),
                            ('none', b'', 'INVALID_INFO_CLASS')])
    for level in SET_UNSUPPORTED:
        walk.set(1, level, [('file', bytes(128), 'NOT_SUPPORTED')])
    for level, size, without in SET_SIZES:
        walk.set(1, level, [(without, bytes(size - 1), 'INFO_LENGTH_MISMATCH'),
                            (without, bytes(size), 'ACCESS_DENIED')])
    for level, size in (11, 20), (14, 8), (16, 4), (72, 20):
        walk.set(1, level, [('file', bytes(size - 1), 'INFO_LENGTH_MISMATCH')])
    walk.set(5, 0, [('file', bytes(8), 'INVALID_PARAMETER')])
    walk.end()


@test(smb=True, squash='none')
def times_and_attributes(w):
    """Values of FileBasicInformation (2.1.5.15.2)."""
    walk = Walk(w)
    for at in range(4):
        times = [0, 0, 0, 0]
        for value, want in ((MINUS - 2, 'INVALID_PARAMETER'), (1 << 63, 'INVALID_PARAMETER'),
                            (MINUS - 1, 'SUCCESS'), (MINUS, 'SUCCESS'), (0, 'SUCCESS')):
            times[at] = value
            walk.set(1, 4, [('file', basic(*times), want), ('dir', basic(*times), want)])
    walk.set(1, 4, [('file', basic(0, 0, 0, 0, flags=0x10), 'INVALID_PARAMETER'),
                    ('dir', basic(0, 0, 0, 0, flags=0x100), 'INVALID_PARAMETER'),
                    ('dir', basic(0, 0, 0, 0, flags=0x10), 'SUCCESS')])
    walk.end()


@test(smb=True, squash='none')
def sizes_of_files(w):
    """FileAllocation, FileEndOfFile, FileValidDataLength (2.1.5.15.1, 2.1.5.15.4, 2.1.5.15.17)."""
    walk = Walk(w)
    for level in 19, 20:
        walk.set(1, level, [
            ('file', u64(0), 'SUCCESS'), ('stream', u64(50), 'SUCCESS'),
            ('file', u64(MINUS), 'INVALID_PARAMETER'), ('file', u64(1 << 63), 'INVALID_PARAMETER'),
            ('file', u64(LARGEST), 'INVALID_PARAMETER'), ('dir', u64(0), 'INVALID_PARAMETER'),
            ('dir', u64(MINUS), 'INVALID_PARAMETER')])
    walk.set(1, 39, [('file', u64(100), 'PRIVILEGE_NOT_HELD'),
                     ('dir', u64(0), 'INVALID_PARAMETER')])
    walk.end()
    w.server.set('data', users=[f'{UIDS["alice"]}=admin'])
    walk = Walk(w)
    walk.set(1, 39, [
        ('file', u64(100), 'SUCCESS'), ('stream', u64(100), 'SUCCESS'),
        ('empty', u64(0), 'SUCCESS'),
        ('file', u64(99), 'INVALID_PARAMETER'), ('file', u64(101), 'INVALID_PARAMETER'),
        ('file', u64(MINUS), 'INVALID_PARAMETER'), ('file', u64(LARGEST), 'INVALID_PARAMETER'),
        ('dir', u64(0), 'INVALID_PARAMETER'), ('reader', u64(0), 'ACCESS_DENIED')])
    walk.end()


@test(smb=True, squash='none')
def allocation_moves_the_change_time(w):
    """FileAllocation sets the change time, also to the size that is there, not the write time."""
    s = session(w)
    for name, sizes in (('f', (0, 4096, 4096, 100, 8192)), ('f:stream', (0, 4096, 4096))):
        fid = s.create(name)
        for size in sizes:
            *_, write, change = struct.unpack('<4Q', s.query(fid, 4)[:32])
            time.sleep(0.02)  # more than a tick of the clock
            s.set(fid, 19, u64(size))
            *_, write_now, change_now = struct.unpack('<4Q', s.query(fid, 4)[:32])
            eq((write_now == write, change_now > change), (True, True), f'{name}, {size} bytes')
        s.close(fid)
    s.end()


@test(smb=True, squash='none')
def positions_and_modes(w):
    """FilePositionInformation and FileModeInformation (2.1.5.15.10, 2.1.5.15.8)."""
    walk = Walk(w)
    walk.set(1, 14, [('file', u64(0), 'SUCCESS'), ('file', u64(LARGEST), 'SUCCESS'),
                     ('file', u64(MINUS), 'INVALID_PARAMETER'),
                     ('file', u64(1 << 63), 'INVALID_PARAMETER')])
    walk.set(1, 16, [('file', u32(mode), 'SUCCESS') for mode in (0, 2, 4, 6)])
    walk.set(1, 16, [('file', u32(mode), 'INVALID_PARAMETER')
                     for mode in (1, 8, 0x10, 0x20, 0x30, 0x40, 0x1000, 1 << 31)])
    walk.set(1, 16, [('alerted', u32(0x10), 'SUCCESS'), ('alerted', u32(0x22), 'SUCCESS'),
                     ('alerted', u32(0), 'INVALID_PARAMETER'),
                     ('alerted', u32(0x30), 'INVALID_PARAMETER')])
    s = walk.session
    fid = s.create('x', options=8)
    s.set(fid, 16, u32(4))
    eq(struct.unpack('<I', s.query(fid, 16)), (12,), 'buffering is not changed')
    walk.end()


@test(smb=True, squash='none')
def deletions(w):
    """FileDispositionInformation and its extended form (2.1.5.15.3)."""
    walk = Walk(w)
    walk.set(1, 13, [('deleter', b'\0', 'SUCCESS'), ('deleter', b'\1', 'SUCCESS'),
                     ('dir', b'\1', 'SUCCESS'), ('stream', b'\1', 'SUCCESS')])
    walk.set(1, 64, [('deleter', u32(flags), 'SUCCESS') for flags in range(32)])
    walk.set(1, 64, [('deleter', u32(flags), 'INVALID_PARAMETER') for flags in (0x20, 1 << 31)])
    walk.end()


@test(smb=True, squash='none')
def renames_and_links(w):
    """FileRenameInformation and FileLinkInformation (2.1.5.15.12, 2.1.5.15.6)."""
    walk = Walk(w)
    bad = [('', 'INVALID_PARAMETER'), ('a<b*', 'OBJECT_NAME_INVALID'),
           ('no\\where', 'OBJECT_PATH_NOT_FOUND'), ('f001\\below', 'OBJECT_PATH_NOT_FOUND')]
    walk.open('file')
    for level in 10, 11, 65, 72:
        walk.set(1, level, [('file', to(name), want) for name, want in bad])
        walk.set(1, level, [
            ('file', to('new', root=1), 'INVALID_PARAMETER'),
            ('file', to('new', root=1, length=0), 'INVALID_PARAMETER'),
            ('file', to('new', length=0), 'INVALID_PARAMETER'),
            ('file', to('new', length=5), 'INVALID_PARAMETER'),
            ('file', to('new', length=8), 'INVALID_PARAMETER'),
            ('file', to('new', length=1 << 31), 'INVALID_PARAMETER'),
            ('file', to('f001'), 'OBJECT_NAME_COLLISION')])
    for level in 11, 72:
        walk.set(1, level, [('dir', to('new'), 'FILE_IS_A_DIRECTORY'),
                            ('stream', to('new'), 'INVALID_PARAMETER')])
    walk.end()


@test(smb=True, squash='none')
def renames_of_streams(w):
    """FileRenameInformation with the name of a stream (2.1.5.15.12.1)."""
    walk = Walk(w)
    invalid = (':', '::', ':name:', '::::', ':a:b:$DATA', ':a:$DATA:', ':a\\b:$DATA', ':a/b',
               ':' + 256 * 'n', ':' + 256 * 'n' + ':$DATA')
    for level in 10, 65:
        walk.set(1, level, [('stream', to(name), 'INVALID_PARAMETER') for name in invalid])
        walk.set(1, level, [
            ('stream', to(':other'), 'SUCCESS'), ('stream', to(':other:$data'), 'SUCCESS'),
            ('stream', to(':' + 255 * 'n'), 'SUCCESS'), ('stream', to(':S:$DATA'), 'SUCCESS'),
            ('stream', to(':other:$NotDATA'), 'OBJECT_TYPE_MISMATCH'),
            ('stream', to('::$INDEX_ALLOCATION'), 'OBJECT_TYPE_MISMATCH'),
            ('stream', to('elsewhere'), 'SHARING_VIOLATION'),
            ('dirstream', to('::$DATA'), 'INVALID_PARAMETER'),
            ('dirstream', to(':other:$DATA'), 'SUCCESS'),
            ('dir', to(':other:$DATA'), 'OBJECT_TYPE_MISMATCH'),
            ('dir', to(':other:$INDEX_ALLOCATION'), 'INVALID_PARAMETER'),
            ('stream', to('::$DATA'), 'OBJECT_NAME_COLLISION'),
            ('stream', to('::$DATA', replace=1), 'NOT_SUPPORTED'),
            ('file', to(':other:$DATA'), 'NOT_SUPPORTED'), ('file', to(':other'), 'NOT_SUPPORTED'),
            ('file', to(':other:$INDEX_ALLOCATION'), 'OBJECT_TYPE_MISMATCH')])
        walk.set(1, level, [('file', to(name), 'INVALID_PARAMETER') for name in invalid])
    walk.end()


@test(smb=True, squash='none')
def lists_of_attributes(w):
    """FileFullEaInformation (2.1.5.15.5)."""
    walk = Walk(w)
    walk.set(1, 15, [('file', ea(b'name'), 'SUCCESS'), ('dir', ea(b'name', flags=0x80), 'SUCCESS'),
                     ('file', ea(b'+<'), 'INVALID_EA_NAME'), ('file', ea(b''), 'INVALID_EA_NAME'),
                     ('file', ea(b'name', flags=255), 'INVALID_EA_NAME'),
                     ('file', ea(b'name', following=4), 'EA_LIST_INCONSISTENT'),
                     ('file', ea(b'name')[:8], 'EA_LIST_INCONSISTENT'),
                     ('none', ea(b'name'), 'ACCESS_DENIED')])
    walk.end()


@test(smb=True, squash='none')
def requests_about_ranges(w):
    """FSCTLs about ranges of a file (2.1.5.10.6, 2.1.5.10.22, 2.1.5.10.26, 2.1.5.10.39)."""
    walk = Walk(w)
    # FSCTL_SET_ZERO_DATA
    walk.ioctl(0x980c8, [
        ('file', u64(0, 0), 0, 'SUCCESS'), ('file', u64(0, 50), 0, 'SUCCESS'),
        ('stream', u64(0, LARGEST), 0, 'SUCCESS'), ('file', u64(2, 1), 0, 'INVALID_PARAMETER'),
        ('file', u64(MINUS, 0), 0, 'INVALID_PARAMETER'), ('file', u64(0), 0, 'INVALID_PARAMETER'),
        ('file', u64(0, MINUS), 0, 'INVALID_PARAMETER'), ('dir', u64(0, 0), 0, 'INVALID_PARAMETER'),
        ('reader', u64(0, 0), 0, 'ACCESS_DENIED'), ('reader', b'', 0, 'ACCESS_DENIED')])
    # FSCTL_QUERY_ALLOCATED_RANGES
    walk.ioctl(0x940cf, [
        ('file', u64(0, 100), 16, 'SUCCESS'), ('file', u64(0, 100), 15, 'BUFFER_TOO_SMALL'),
        ('empty', u64(0, 100), 0, 'SUCCESS'), ('file', u64(0, 0), 0, 'SUCCESS'),
        ('empty', u64(0, 100), 16, 'SUCCESS'), ('file', u64(MINUS, 1), 16, 'INVALID_PARAMETER'),
        ('file', u64(0, MINUS), 16, 'INVALID_PARAMETER'), ('file', u64(0, LARGEST), 16, 'SUCCESS'),
        ('file', u64(1, LARGEST), 16, 'INVALID_PARAMETER'),
        ('dir', u64(0, 0), 16, 'INVALID_PARAMETER'),
        ('file', u64(0)[:15], 16, 'INVALID_PARAMETER'), ('writer', u64(0, 0), 16, 'ACCESS_DENIED')])
    # FSCTL_QUERY_FILE_REGIONS
    walk.ioctl(0x90284, [
        ('file', b'', 64, 'SUCCESS'), ('file', u64(0, 100, 1), 64, 'SUCCESS'),
        ('file', b'', 15, 'BUFFER_TOO_SMALL'), ('file', u64(MINUS, 1, 1), 64, 'INVALID_PARAMETER'),
        ('file', u64(0, MINUS, 1), 64, 'INVALID_PARAMETER'), ('dir', b'', 64, 'INVALID_PARAMETER'),
        ('file', u64(0, 1), 64, 'INVALID_PARAMETER')])
    # FSCTL_FILE_LEVEL_TRIM
    walk.ioctl(0x98208, [
        ('file', u32(0, 1) + u64(0, 100), 4, 'SUCCESS'),
        ('file', u32(0, 1) + u64(0, 1), 0, 'SUCCESS'),
        ('file', u32(0, 1) + u64(1 << 40, 1), 4, 'SUCCESS'),
        ('file', u32(0, 0), 4, 'INVALID_PARAMETER'), ('file', u32(0, 1), 4, 'INVALID_PARAMETER'),
        ('file', u32(0, 2) + u64(0, 1), 4, 'INVALID_PARAMETER'),
        ('file', u32(1, 1) + u64(0, 1), 4, 'INVALID_PARAMETER'),
        ('file', u32(0, 1) + u64(MINUS, 1), 4, 'INVALID_PARAMETER'),
        ('file', u32(0, 1) + u64(1, LARGEST), 4, 'INVALID_PARAMETER'),
        ('dir', u32(0, 1) + u64(0, 1), 4, 'INVALID_PARAMETER'),
        ('reader', u32(0, 1) + u64(0, 1), 4, 'ACCESS_DENIED')])
    s = walk.session
    fid = s.create('trimmed', access=smb2.GENERIC_ALL)
    s.write(fid, b'x' * 100)
    smb2.refused('INVALID_PARAMETER', s.ioctl, fid, 0x98208, u32(0, 2) + u64(0, 100, MINUS, 1))
    eq(s.read(fid, 100), b'x' * 100, 'none is trimmed if one is refused')
    # FSCTL_SET_SPARSE
    walk.ioctl(0x900c4, [('file', b'', 0, 'SUCCESS'), ('file', b'\0', 0, 'SUCCESS'),
                         ('dir', b'', 0, 'INVALID_PARAMETER'), ('reader', b'', 0, 'ACCESS_DENIED')])
    walk.end()


@test(smb=True, squash='none')
def requests_about_reparse_points(w):
    """FSCTLs about reparse points (2.1.5.10.3, 2.1.5.10.14, 2.1.5.10.37)."""
    walk = Walk(w)
    tag, other = 0xa000000c, 0x20
    guid = bytes(range(16))
    for code in 0x900a4, 0x900ac:
        walk.ioctl(code, [
            ('empty', b'', 0, 'IO_REPARSE_DATA_INVALID'),
            ('empty', bytes(7), 0, 'IO_REPARSE_DATA_INVALID'),
            ('empty', u32(0, 0), 0, 'IO_REPARSE_TAG_INVALID'),
            ('empty', u32(1, 0), 0, 'IO_REPARSE_TAG_INVALID'),
            ('empty', u32(other, 0), 0, 'IO_REPARSE_DATA_INVALID'),
            ('reader', b'', 0, 'ACCESS_DENIED')])
    # a file that is none has no tag
    walk.ioctl(0x900ac, [('empty', u32(tag, 0), 0, 'IO_REPARSE_TAG_MISMATCH'),
                         ('empty', u32(tag, 9), 0, 'IO_REPARSE_TAG_MISMATCH'),
                         ('dir', u32(tag, 0), 0, 'IO_REPARSE_TAG_MISMATCH'),
                         ('empty', u32(other, 0) + guid, 0, 'IO_REPARSE_TAG_MISMATCH')])
    walk.ioctl(0x900a4, [('empty', LINK_TARGET, 0, 'SUCCESS'), ('dir', LINK_TARGET, 0, 'SUCCESS'),
                         ('file', LINK_TARGET, 0, 'IO_REPARSE_DATA_INVALID'),
                         ('empty', LINK_TARGET[:-1], 0, 'IO_REPARSE_DATA_INVALID'),
                         ('empty', u32(other, 0) + guid, 0, 'NOT_SUPPORTED'),
                         ('empty', u32(other, 1) + guid, 0, 'IO_REPARSE_DATA_INVALID'),
                         ('empty', u32(0x80000012, 0), 0, 'NOT_SUPPORTED')])
    walk.ioctl(0x900a8, [('file', b'', 0, 'NOT_A_REPARSE_POINT'),
                         ('dir', b'', 65536, 'NOT_A_REPARSE_POINT'),
                         ('stream', b'', 65536, 'NOT_A_REPARSE_POINT')])
    s = walk.session
    os.symlink('x', w.path('link'))
    os.lchown(w.path('link'), UIDS['alice'], -1)
    fid = s.create('link', access=READ_ATTRIBUTES | WRITE_ATTRIBUTES, options=0x200000)
    for code, data, room, want in ((0x900a8, b'', 7, 'BUFFER_TOO_SMALL'),
                                   (0x900a8, b'', 64, 'SUCCESS'),
                                   (0x900ac, u32(0x80000014, 0), 0, 'IO_REPARSE_TAG_MISMATCH'),
                                   (0x900ac, u32(tag, 1), 0, 'IO_REPARSE_DATA_INVALID'),
                                   (0x900ac, u32(tag, 0), 0, 'SUCCESS')):
        walk.row((hex(code), data, room), smb2.IOCTL, smb2.ioctl_body(fid, code, data, room), want)
    walk.end()


# Of NTFS, ReFS, UDF and FAT themselves, or of pipes; and unknown ones.
ABSENT = (0x90058, 0x90060, 0x90073, 0x9008f, 0x90098, 0x900a0, 0x900bc, 0x900d7, 0x900ef, 0x900fc,
          0x90100, 0x90117, 0x90138, 0x9013c, 0x90194, 0x901b4, 0x902d8, 0x90380, 0x90440, 0x98134,
          0x90434, 0x11400c, 0x11c017, 0x90000, 0xffffffff)


@test(smb=True, squash='none')
def requests_about_volumes(w):
    """FSCTLs about ids, compression and the volume (2.1.5.10), and FSCTLs that are absent."""
    walk = Walk(w)
    # FSCTL_CREATE_OR_GET_OBJECT_ID, FSCTL_GET_OBJECT_ID
    walk.ioctl(0x900c0, [('file', b'', 64, 'SUCCESS'), ('file', b'', 63, 'INVALID_PARAMETER')])
    walk.ioctl(0x9009c, [('file', b'', 64, 'OBJECTID_NOT_FOUND'),
                         ('file', b'', 1, 'INVALID_PARAMETER')])
    # FSCTL_GET_COMPRESSION, FSCTL_SET_COMPRESSION
    walk.ioctl(0x9003c, [('file', b'', 2, 'SUCCESS'), ('file', b'', 1, 'INVALID_PARAMETER')])
    walk.ioctl(0x9c040, [('file', b'\0', 0, 'INVALID_PARAMETER'), ('file', b'\0\0', 0, 'SUCCESS'),
                         ('file', b'\4\0', 0, 'INVALID_PARAMETER'),
                         ('reader', b'\0', 0, 'ACCESS_DENIED')])
    # FSCTL_GET_NTFS_VOLUME_DATA
    walk.ioctl(0x90064, [('none', b'', 96, 'SUCCESS'), ('none', b'', 95, 'BUFFER_TOO_SMALL'),
                         ('dir', b'', 4096, 'SUCCESS')])
    # FSCTL_READ_FILE_USN_DATA
    walk.ioctl(0x900eb, [
        ('none', b'', 72, 'SUCCESS'), ('none', b'', 63, 'BUFFER_TOO_SMALL'),
        ('none', struct.pack('<HH', 3, 3), 72, 'BUFFER_TOO_SMALL'),
        ('none', struct.pack('<HH', 3, 3), 88, 'SUCCESS'),
        ('none', struct.pack('<HH', 4, 4), 88, 'INVALID_PARAMETER'),
        ('none', struct.pack('<HH', 0, 1), 88, 'INVALID_PARAMETER'),
        ('none', struct.pack('<HH', 3, 2), 88, 'INVALID_PARAMETER'), ('dir', b'', 88, 'SUCCESS')])
    # FSCTL_SRV_REQUEST_RESUME_KEY, FSCTL_SRV_ENUMERATE_SNAPSHOTS (MS-SMB2 3.3.5.15)
    walk.ioctl(0x140078, [('file', b'', 32, 'SUCCESS'), ('file', b'', 31, 'INVALID_PARAMETER')])
    walk.ioctl(0x144064, [('dir', b'', 16, 'SUCCESS'), ('dir', b'', 15, 'INVALID_PARAMETER')])
    for code in ABSENT:
        walk.ioctl(code, [('file', bytes(64), 4096, 'INVALID_DEVICE_REQUEST'),
                          ('dir', b'', 1, 'INVALID_DEVICE_REQUEST')])
    walk.end()


@test(smb=True, squash='none')
def reads_and_writes_at_the_end(w):
    """READ and WRITE where offsets end (2.1.5.3, 2.1.5.4)."""
    walk = Walk(w)
    for what, offset, count, want in (
            ('file', 0, 0, 'SUCCESS'), ('file', 100, 0, 'SUCCESS'), ('empty', 0, 0, 'SUCCESS'),
            ('file', 100, 1, 'END_OF_FILE'), ('file', LARGEST - 1, 1, 'END_OF_FILE'),
            ('file', LARGEST, 0, 'SUCCESS'), ('file', LARGEST, 1, 'INVALID_PARAMETER'),
            ('file', 1 << 63, 0, 'INVALID_PARAMETER'), ('file', MINUS, 0, 'INVALID_PARAMETER'),
            ('file', MINUS, 1, 'INVALID_PARAMETER'), ('writer', MINUS, 1, 'ACCESS_DENIED'),
            ('dir', 0, 1, 'INVALID_DEVICE_REQUEST')):
        walk.row((what, offset, count), smb2.READ, smb2.read_body(walk.open(what), count, offset),
                 want)
    for what, offset, data, want in (
            ('file', 0, b'', 'SUCCESS'), ('file', LARGEST, b'', 'SUCCESS'),
            ('file', LARGEST, b'x', 'INVALID_PARAMETER'), ('file', MINUS, b'', 'INVALID_PARAMETER'),
            ('file', MINUS, b'x', 'INVALID_PARAMETER'),
            ('file', MINUS - 1, b'x', 'INVALID_PARAMETER'),
            ('file', 1 << 63, b'x', 'INVALID_PARAMETER'), ('reader', MINUS, b'x', 'ACCESS_DENIED'),
            ('dir', 0, b'x', 'INVALID_DEVICE_REQUEST')):
        walk.row((what, offset, data), smb2.WRITE, smb2.write_body(walk.open(what), data, offset),
                 want)
    walk.end()
