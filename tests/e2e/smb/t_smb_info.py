# SPDX-License-Identifier: GPL-2.0-only
"""SMB: information on files and file systems, and how it is set (MS-FSCC, MS-FSA)."""
import contextlib
import glob
import os
import re
import stat
import struct
import time

import smb
import smb2
import smbraw
from checks import eq, one_of, wait_for
from files import MIB, get, put
from harness import test
from processes import run
from smb import SmbClient
from smb_info import (ALL, ARCHIVE, COMPRESSED, DELETE_REPARSE, EA, END_OF_FILE, EPOCH, FULL_EA,
                      GET_COMPRESSION, GET_INTEGRITY, GET_OBJECT_ID, GET_REPARSE, HIDDEN,
                      OBJECT_ID, RANGES, READONLY, REPARSE, SET_COMPRESSION, SET_INTEGRITY,
                      SET_REPARSE, SET_SPARSE, SPARSE, STANDARD, STREAM, TRIM, ZERO_DATA, basic,
                      ea, eas, filetime, fresh, names, session, set_basic, shorts, symlink_data)
from volumes import frozen

READ_EA, WRITE_EA = 8, 16
FILESYSTEM, SECURITY = 2, 3
LINK_ITSELF = 0x200000          # FILE_OPEN_REPARSE_POINT
NONE, DEFAULT, LZNT1 = range(3)
ALTERNATE_NAME, COMPRESSION, FS_ATTRIBUTE = 21, 28, 5
STOP, GO_ON = (1 << 64) - 1, (1 << 64) - 2


@test(smb=True, squash='none')
def all_four_times(w):
    s = session(w)
    fid = fresh(s, 'f', b'x')
    want = tuple(filetime(10 ** 9 + i) + 1234567 * i for i in range(4))
    set_basic(s, fid, *want)
    eq(basic(s, fid)[:4], want)
    s.close(fid)
    fid = s.create('f', access=smb2.GENERIC_ALL)
    eq(basic(s, fid)[:4], want, 'after another open')
    st = os.stat(w.path('f'))
    eq((st.st_atime_ns, st.st_mtime_ns), tuple((t - EPOCH * 10 ** 7) * 100 for t in want[1:3]))
    # a change by another client counts, but not within the same clock tick
    time.sleep(0.1)
    os.chmod(w.path('f'), 0o640)
    now = basic(s, fid)
    eq(now[:3], want[:3])
    eq(abs(now[3] / 1e7 - EPOCH - time.time()) < 60, True, 'time of the change on the server')
    # and so does one through an open that said nothing
    set_basic(s, fid, changed=want[3])
    other = s.create('f', access=smb2.GENERIC_ALL)
    time.sleep(0.1)
    s.write(other, b'y')
    eq(basic(s, other)[3] > want[3], True)
    for time_ in (1 << 63, (1 << 64) - 3):
        smb2.refused('INVALID_PARAMETER', set_basic, s, fid, written=time_)
    s.end()


@test(smb=True, squash='none')
def times_that_are_left_alone(w):
    s = session(w)
    fid = fresh(s, 'f', b'x' * 100)
    old = filetime(10 ** 9)
    set_basic(s, fid, written=old, changed=old)
    before = basic(s, fid)
    set_basic(s, fid, written=STOP, changed=STOP)
    time.sleep(0.1)
    s.write(fid, b'more')
    s.set(fid, END_OF_FILE, struct.pack('<Q', 50))
    set_basic(s, fid, flags=HIDDEN)
    eq(basic(s, fid)[2:4], before[2:4], 'stopped')
    eq(basic(s, fid)[4], HIDDEN)
    eq(os.stat(w.path('f')).st_mtime, 1e9)
    # reading changes the access time, which is not visible
    set_basic(s, fid, accessed=STOP)
    os.utime(w.path('f'), ns=(0, 10 ** 18))
    touched = basic(s, fid)
    s.read(fid, 10)
    eq(basic(s, fid)[:4], touched[:4])
    # another open is not bound by that
    other = s.create('f', access=smb2.GENERIC_ALL)
    time.sleep(0.1)
    s.write(other, b'z')
    changed = basic(s, other)
    eq([changed[2] > old, changed[3] > old], [True, True])
    set_basic(s, fid, written=GO_ON, changed=GO_ON)
    eq(basic(s, fid), changed, 'told to go on: nothing happens yet')
    time.sleep(0.1)
    s.write(fid, b'again')
    after = basic(s, fid)
    eq([after[2] > changed[2], after[3] > changed[3]], [True, True], 'going on')
    s.end()


@test(smb=True, squash='none')
def times_of_linux(w):
    """Times set through the kernel's client stay, and its writes change them."""
    os.chmod(w.export, 0o777)
    where = w.client.mount_smb()
    put(f'{where}/f', b'1')
    os.utime(f'{where}/f', ns=(10 ** 18 + 100, 11 * 10 ** 17 + 200))
    for path in (f'{where}/f', w.path('f')):
        st = os.stat(path)
        eq((st.st_atime_ns, st.st_mtime_ns), (10 ** 18 + 100, 11 * 10 ** 17 + 200), path)
    w.client.umount(where)
    where = w.client.mount_smb()
    with open(f'{where}/f', 'ab') as f:
        f.write(b'2')
    eq(time.time() - os.stat(w.path('f')).st_mtime < 60, True, 'written now')
    eq(get(w.path('f')), b'12')
    os.mkdir(f'{where}/d')
    os.utime(f'{where}/d', (5, 5))
    eq(os.stat(w.path('d')).st_mtime, 5)
    out = SmbClient(w.client).do('allinfo f')
    eq([k in out for k in ('create_time:', 'write_time:', 'change_time:')], [True] * 3)


@test(smb=True, squash='none')
def flags(w):
    s = session(w)
    fid = fresh(s, 'f')
    eq(basic(s, fid)[4], ARCHIVE)
    for flags_ in (HIDDEN, HIDDEN | READONLY | ARCHIVE, 0x80):
        set_basic(s, fid, flags=flags_)
        eq(basic(s, fid)[4], flags_)
    set_basic(s, fid)
    eq(basic(s, fid)[4], 0x80, 'zero changes nothing')
    smb2.refused('INVALID_PARAMETER', set_basic, s, fid, flags=0x10)
    # INTEGRITY_STREAM, NO_SCRUB_DATA, RECALL_ON_OPEN, PINNED, UNPINNED and one that means nothing
    for bit in (0x8000, 0x20000, 0x40000, 0x80000, 0x100000, 0x80000000):
        set_basic(s, fid, written=filetime(1000 + bit), flags=ARCHIVE | bit)
        eq((basic(s, fid)[2], basic(s, fid)[4]), (filetime(1000 + bit), ARCHIVE), hex(bit))
        set_basic(s, fid, flags=bit)
        eq(basic(s, fid)[4], 0x80, hex(bit))
    s.set(fid, 13, b'\1')
    size, _, links, deleted = struct.unpack_from('<QQIB', s.query(fid, STANDARD))
    eq((links, deleted), (0, 1))
    s.set(fid, 13, b'\0')
    s.end()


def ranges(s, fid, start, count):
    out = s.ioctl(fid, RANGES, struct.pack('<QQ', start, count))
    return [struct.unpack_from('<QQ', out, i) for i in range(0, len(out), 16)]


@test(smb=True, squash='none', fs='xfs')
def sparse(w):
    s = session(w)
    size = 4 << 20
    fid = fresh(s, 'f', b'a' * 65536)
    s.write(fid, b'b' * 65536, size - 65536)
    eq(ranges(s, fid, 0, size), [(0, size)], 'what is not sparse has no holes')
    s.ioctl(fid, SET_SPARSE)
    eq(basic(s, fid)[4] & SPARSE, SPARSE)
    got = ranges(s, fid, 0, size)
    eq((got[0][0], got[-1][0] + got[-1][1], len(got)), (0, size, 2))
    s.ioctl(fid, ZERO_DATA, struct.pack('<QQ', 0, 65536))
    eq(s.read(fid, 65536), bytes(65536))
    eq(len(ranges(s, fid, 0, size)), 1, 'the first range is a hole now')
    eq(os.stat(w.path('f')).st_blocks * 512 < size, True)
    out = s.ioctl(fid, TRIM, struct.pack('<IIQQ', 0, 1, size - 65536, 65536))
    eq(out, struct.pack('<I', 1))
    eq(os.stat(w.path('f')).st_size, size)
    s.ioctl(fid, SET_SPARSE, b'\0')
    eq(basic(s, fid)[4] & SPARSE, 0)
    smb2.refused('INVALID_PARAMETER', s.ioctl, fid, ZERO_DATA, struct.pack('<QQ', 2, 1))
    s.end()


def zeros_leave_holes(w):
    s = session(w)
    size, data = 1 << 40, 20 << 20
    fid = fresh(s, 'f', b'a')
    with open(w.path('f'), 'wb') as f:
        f.write(b'a' * data)
        f.truncate(size)
    run('sync')
    before = os.stat(w.path('f')).st_blocks
    s.ioctl(fid, ZERO_DATA, struct.pack('<QQ', 1, size))
    run('sync')
    after = os.stat(w.path('f'))
    eq((after.st_size, (after.st_blocks - before) * 512 < MIB), (size, True))
    with open(w.path('f'), 'rb') as f:
        eq(f.read(data) == b'a' + bytes(data - 1), True)
    s.end()


@test(smb=True, squash='none')
def zeros_are_written(w):
    """Where the file system cannot zero a range, holes need not be written."""
    zeros_leave_holes(w)


@test(smb=True, squash='none', fs='ext4')
def zeros_of_the_file_system(w):
    """Where it can, it does not allocate holes, which may be more than it has blocks."""
    zeros_leave_holes(w)


def blocked():
    """Does a worker of the server wait for the file system?"""
    for path in glob.glob('/proc/[0-9]*/stat'):
        with contextlib.suppress(OSError):
            name, rest = get(path).rsplit(b')', 1)
            if b'ditto-smb' in name and rest.split()[0] == b'D':
                return True
    return False


@test(smb=True, squash='none')
def zeroing_is_cancelled(w):
    """A request that is cancelled ends with the part that is being written."""
    other = w.served_volume('other', 'ext3', '100m', squash='none')
    size, part = 24 << 20, 16 << 20
    put(f'{other}/f', b'a' * size, 0o666)
    s = smb2.Smb2(w.client, share='other')
    fid = s.create('f')
    run('sync')
    with frozen(other):
        number = s.send(smb2.IOCTL, smb2.ioctl_body(fid, ZERO_DATA, struct.pack('<QQ', 0, size), 0))
        wait_for('the first part', blocked)
        s.cancel_sent(number)
        s.call(smb2.ECHO, struct.pack('<HH', 4, 0))
    eq(smb2.NAMES[s.answer(number, 60)[0]], 'CANCELLED')
    got = get(f'{other}/f')
    # the wait may have been another one, before the first part
    one_of(len(got) - len(got.lstrip(b'\0')), (0, part))
    eq(got.lstrip(b'\0').count(b'a'), len(got.lstrip(b'\0')))
    s.end()


@test(smb=True, squash='none')
def integrity(w):
    """Files have no checksums of their own, and cannot get any."""
    s = session(w)
    f = fresh(s, 'f', b'data')
    algorithm, _, flags, chunk, cluster = struct.unpack('<HHIII', s.ioctl(f, GET_INTEGRITY))
    eq((algorithm, flags, chunk, cluster), (0, 0, cluster, os.statvfs(w.export).f_frsize))
    smb2.refused('INVALID_PARAMETER', s.ioctl, f, GET_INTEGRITY, b'', 15)
    for kept in 0, 0xffff:
        s.ioctl(f, SET_INTEGRITY, struct.pack('<HHI', kept, 0, 0))
    for wrong in (struct.pack('<HHI', 2, 0, 0), struct.pack('<HHI', 0, 0, 1),
                  struct.pack('<HHI', 0xffff, 0, 1), bytes(7)):
        smb2.refused('INVALID_PARAMETER', s.ioctl, f, SET_INTEGRITY, wrong)
    s.end()


def compresses(s, fid):
    """True if the volume supports compression of single files."""
    return bool(struct.unpack_from('<I', s.query(fid, FS_ATTRIBUTE, FILESYSTEM))[0] & 0x10)


def compression(s, fid):
    """The compression state, which both queries must agree on."""
    format_, = struct.unpack('<H', s.ioctl(fid, GET_COMPRESSION))
    eq(struct.unpack_from('<H', s.query(fid, COMPRESSION), 8)[0], format_)
    eq(bool(basic(s, fid)[4] & COMPRESSED), bool(format_))
    return format_


def compress(s, fid, format_):
    s.ioctl(fid, SET_COMPRESSION, struct.pack('<H', format_))


@test(smb=True, squash='none', fs='btrfs')
def compressed_files(w):
    """The compression flag is the file system's own, seen from both sides."""
    s = session(w)
    d = s.create('d', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_ALL)
    eq((compresses(s, d), compression(s, d)), (True, NONE))
    compress(s, d, DEFAULT)
    eq((compression(s, d), run('lsattr', '-d', w.path('d'))[:22].count('c')), (LZNT1, 1))

    f = fresh(s, 'd\\f', b'a' * (64 << 10))
    eq(compression(s, f), LZNT1, 'of its directory')
    os.sync()
    eq('encoded' in run('filefrag', '-v', w.path('d/f')), True)
    smb2.refused('INVALID_PARAMETER', s.ioctl, f, TRIM, struct.pack('<IIQQ', 0, 1, 0, 4096))
    compress(s, f, NONE)
    eq((compression(s, f), basic(s, f)[4], get(w.path('d/f')) == b'a' * (64 << 10)),
       (NONE, ARCHIVE, True))
    plain = fresh(s, 'd\\plain', options=0x8000)          # FILE_NO_COMPRESSION
    eq((compression(s, plain), compression(s, d)), (NONE, LZNT1))
    stream = fresh(s, 'd\\plain:stream')
    eq(struct.unpack('<H', s.ioctl(stream, GET_COMPRESSION)), (NONE,))
    run('chattr', '+c', w.path('d/plain'))
    eq(compression(s, plain), LZNT1)
    set_basic(s, plain, flags=ARCHIVE)
    eq(compression(s, plain), LZNT1, 'is no attribute to set')

    smb2.refused('INVALID_PARAMETER', compress, s, f, 3)
    smb2.refused('INVALID_PARAMETER', s.ioctl, f, GET_COMPRESSION, room=1)
    reader = s.create('d\\f', access=smb2.GENERIC_READ)
    smb2.refused('ACCESS_DENIED', compress, s, reader, LZNT1)
    # a user who may write, although another owns the file
    other = session(w, user='bob')
    os.chmod(w.path('d/f'), 0o666)
    os.chmod(w.path('d'), 0o777)
    compress(other, other.create('d\\f'), LZNT1)
    eq(compression(s, f), LZNT1)
    # written in place, and so never compressed
    put(w.path('d/inplace'), b'', 0o666)
    run('chattr', '-c', w.path('d/inplace'))
    run('chattr', '+C', w.path('d/inplace'))
    smb2.refused('NOT_SUPPORTED', compress, s, s.create('d\\inplace'), LZNT1)
    other.end()
    s.end()


@test(smb=True, squash='none', fs='ext4')
def no_compression(w):
    """A file system that keeps the flag without effect reports no compression."""
    s = session(w)
    fid = fresh(s, 'f')
    eq((compresses(s, fid), compression(s, fid)), (False, NONE))
    compress(s, fid, NONE)
    smb2.refused('NOT_SUPPORTED', compress, s, fid, LZNT1)
    s.end()


@test(smb=True, squash='none')
def object_ids(w):
    s = session(w)
    fid = fresh(s, 'f')
    smb2.refused('0xc00002f0', s.ioctl, fid, GET_OBJECT_ID)
    first = s.ioctl(fid, OBJECT_ID)
    eq(len(first), 64)
    eq(first[:16] != bytes(16), True)
    eq(s.ioctl(fid, GET_OBJECT_ID), first)
    s.close(fid)
    os.rename(w.path('f'), w.path('g'))
    eq(s.ioctl(s.create('g'), OBJECT_ID), first, 'it stays with the file')
    eq(s.ioctl(fresh(s, 'h'), OBJECT_ID) != first, True)
    s.end()


def sid_of(user):
    """S-1-22-1-UID"""
    return struct.pack('<BB6sII', 1, 2, b'\0\0\0\0\0\x16', 1, smb.UIDS[user])


@test(smb=True, squash='none')
def security_descriptors(w):
    s = session(w)
    fid = fresh(s, 'f')
    os.chmod(w.path('f'), 0o640)
    sd = s.query(fid, 0, SECURITY, extra=7)
    revision, _, control, owner, group, _, dacl = struct.unpack_from('<BBHIIII', sd)
    eq((revision, control & 0x8004), (1, 0x8004))
    eq(sd[owner:owner + 16], sid_of('alice'))
    eq(sd[dacl], 2, 'revision of the list')
    everyone = bytes((1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0))
    ace = struct.pack('<BBHI', 0, 0, 8 + 16, 0x1f01ff) + sid_of('alice')
    world = struct.pack('<BBHI', 0, 0, 8 + 12, 0x120089) + everyone
    acl = struct.pack('<BBHHH', 2, 0, 8 + len(ace) + len(world), 2, 0) + ace + world
    s.set(fid, 0, struct.pack('<BBHIIII', 1, 0, 0x8004, 0, 0, 0, 20) + acl, SECURITY, extra=4)
    mode = os.stat(w.path('f')).st_mode
    eq((mode & 0o700, mode & 7), (0o700, 4))
    smb2.refused('ACCESS_DENIED', s.query, fid, 0, SECURITY, extra=8)
    small = s.send(smb2.QUERY_INFO, struct.pack('<HBBIHHIII16s', 41, SECURITY, 0, 4, 0, 0, 0, 7,
                                                0, fid) + b'\0')
    eq(s.answer(small)[0], 0xc0000023, 'too small')
    reader = s.create('f', access=0x80)
    smb2.refused('ACCESS_DENIED', s.set, reader, 0, sd, SECURITY, extra=4)
    s.end()
    out = w.client.run('smbcacls', '-s', '/dev/null', '-U', f'alice%{smb.USERS["alice"]}',
                       '--numeric', f'//{w.client.server_addr}/data', 'f')
    eq(f'OWNER:S-1-22-1-{smb.UIDS["alice"]}' in out, True, out)


@test(smb=True, squash='none')
def file_systems(w):
    s = session(w)
    fid = fresh(s, 'f')
    real = os.statvfs(w.export)
    total, available, units, sector = struct.unpack('<QQII', s.query(fid, 3, FILESYSTEM))
    eq(total * units * sector, real.f_blocks * real.f_frsize)
    total2, available2, free, units2, sector2 = struct.unpack('<QQQII',
                                                              s.query(fid, 7, FILESYSTEM))
    eq((total2, units2, sector2), (total, units, sector))
    _, serial, length, _ = struct.unpack_from('<QIIH', s.query(fid, 1, FILESYSTEM))
    eq(s.query(fid, 1, FILESYSTEM)[18:18 + length].decode('utf-16-le'), 'data')
    out = s.query(fid, 5, FILESYSTEM)
    flags_, longest, length = struct.unpack_from('<III', out)
    eq((longest, out[12:12 + length].decode('utf-16-le')), (255, 'NTFS'))
    eq(flags_ & 0x00040047, 0x00040047, 'case, Unicode, sparse, streams')
    eq(struct.unpack('<II', s.query(fid, 4, FILESYSTEM))[0], 7)
    eq(struct.unpack_from('<I', s.query(fid, 11, FILESYSTEM))[0], sector)
    smb2.refused('0xc0000003', s.query, fid, 99, FILESYSTEM)
    s.end()


@test(smb=True, squash='none')
def extended_attributes(w):
    s = session(w)
    fid = fresh(s, 'f')
    smb2.refused('0xc0000052', s.query, fid, FULL_EA)
    s.set(fid, FULL_EA, ea(b'One', b'1', last=False) + ea(b'Two', b'22' * 50))
    eq(eas(s.query(fid, FULL_EA, extra=0)), {b'One': b'1', b'Two': b'22' * 50})
    eq(os.getxattr(w.path('f'), 'user.Two'), b'22' * 50)
    s.set(fid, FULL_EA, ea(b'ONE', b'uno'))
    eq(os.getxattr(w.path('f'), 'user.One'), b'uno', 'any case is the same attribute')
    s.set(fid, FULL_EA, ea(b'one', b''))
    eq(os.listxattr(w.path('f')), ['user.Two'])
    smb2.refused('0x80000013', s.set, fid, FULL_EA, ea(b'a=b', b'1'))
    smb2.refused('0x80000014', s.set, fid, FULL_EA, ea(b'x', b'1', last=False))
    smb2.refused('ACCESS_DENIED', s.set, fid, FULL_EA, ea(b'ditto.extra', b'1'))
    s.end()


@test(smb=True, squash='none')
def sectors_of_the_device(w):
    """FileFsSectorSizeInformation tells of the block device, and of none what is known."""
    def sectors(share):
        s = session(w, share=share)
        fid = fresh(s, 'f')
        sector, = struct.unpack_from('<20xI', s.query(fid, 3, FILESYSTEM))
        out = struct.unpack('<7I', s.query(fid, 11, FILESYSTEM))
        s.end()
        eq(out[0], sector, 'BytesPerSector')
        return out
    unknown = 0xffffffff
    w.served_volume('memory', 'tmpfs')
    eq(sectors('memory')[4:], (0, unknown, unknown))
    number = os.stat(w.served_volume('disk', 'ext4')).st_dev
    queue = f'/sys/dev/block/{os.major(number)}:{os.minor(number)}/queue'
    logical, physical, rotates, trims = [
        int(get(f'{queue}/{name}')) for name in
        ('logical_block_size', 'physical_block_size', 'rotational', 'discard_max_bytes')]
    eq(sectors('disk'), (logical, physical, physical, min(physical, 4096),
                         3 | (0 if rotates else 4) | (8 if trims else 0), 0, 0))


@test(smb=True, squash='none')
def attributes_that_fail(w):
    """A CREATE whose EAs are refused makes no file, and one of a wrong form empties none."""
    s = session(w)
    bad = [('0x80000013', ea(b'a*b', b'1')), ('0x80000014', ea(b'x', b'1', last=False))]
    # an attribute that is none of a client's is found out when the file is there
    for status, data in [*bad, ('ACCESS_DENIED', ea(b'ditto.extra', b'1'))]:
        for options in (0, smb2.DIRECTORY_FILE):
            smb2.refused(status, s.create, 'new', access=smb2.GENERIC_WRITE, how=smb2.MAKE,
                         options=options, context=(b'ExtA', data))
            eq(os.path.lexists(w.path('new')), False, f'{status} {options}')
    # a stream takes the file along that was made for it, and no other
    put(w.path('f'), b'old', 0o666)
    for name in 'new:s', 'f:s':
        smb2.refused('ACCESS_DENIED', s.create, name, access=smb2.GENERIC_WRITE, how=smb2.MAKE,
                     context=(b'ExtA', ea(b'ditto.extra', b'1')))
        smb2.refused('OBJECT_NAME_NOT_FOUND', s.create, name, how=smb2.OPEN)
    eq(sorted(os.listdir(w.export)), ['.ditto', 'f'])
    for status, data in bad:
        smb2.refused(status, s.create, 'f', how=smb2.OVERWRITE_IF, context=(b'ExtA', data))
        eq(get(w.path('f')), b'old')
    s.create('f', how=smb2.OVERWRITE_IF, context=(b'ExtA', ea(b'One', b'1')))
    eq((get(w.path('f')), os.getxattr(w.path('f'), 'user.One')), (b'', b'1'))
    s.end()


@test(smb=True, squash='none')
def sizes_of_attributes(w):
    """EaSize is that of now, though the server remembers files without any attributes."""
    s = session(w)
    fid = fresh(s, 'f')

    def size():
        one, = struct.unpack('<I', s.query(fid, EA))
        eq(struct.unpack_from('<I', s.query(fid, ALL), 72)[0], one)
        return one

    for i in range(40):
        # some of these in the tick of a change, others behind it
        time.sleep(i % 4 / 100)
        eq(size(), 0)
        eq(size(), 0)
        os.setxattr(w.path('f'), 'user.a', b'value')
        eq(size(), 4 + 4 + 1 + 1 + 5)
        os.removexattr(w.path('f'), 'user.a')
    # those of other name spaces are none of it
    os.setxattr(w.path('f'), 'trusted.a', b'value')
    for _ in range(3):
        eq(size(), 0)
        time.sleep(0.02)
    s.set(fid, FULL_EA, ea(b'One', b'1'))
    eq(size(), 4 + 4 + 1 + 3 + 1)
    s.end()


@test(smb=True, squash='none')
def space_that_is_reserved(w):
    """Space beyond the end of a file is reserved while it is open; the last close frees it."""
    a, b = session(w), session(w)
    reserved, alsi = 1 << 20, struct.pack('<Q', 1 << 20)

    def blocks(name='f'):
        return os.stat(w.path(name)).st_blocks * 512
    first = a.create('f')
    a.write(first, b'data' * 100)
    before = os.stat(w.path('f'))
    others = [b.create(name, how=smb2.OPEN) for name in ('f', 'f')]
    a.set(first, 19, alsi)
    eq(blocks() >= reserved, True, 'reserved')
    a.close(first)
    b.close(others.pop())
    eq(blocks() >= reserved, True, 'still open')
    # what is written there meanwhile stays
    b.write(others[0], b'more', offset=8192)
    os.utime(w.path('f'), ns=(before.st_atime_ns, before.st_mtime_ns))
    b.close(others.pop())
    eq(blocks() < reserved // 2, True, 'freed')
    after = os.stat(w.path('f'))
    eq((after.st_size, after.st_mtime_ns), (8196, before.st_mtime_ns))
    eq(get(w.path('f')), (b'data' * 100).ljust(8192, b'\0') + b'more')
    # the same of a new file, a stream, and with the connection
    fid = a.create_answer('g', context=(b'AlSi', alsi))[64:80]
    eq(blocks('g') >= reserved, True)
    a.close(fid)
    eq(blocks('g'), 0)
    for name in 'h', 'h:s':
        a.create_answer(name, context=(b'AlSi', alsi))
    stream, = glob.glob(w.path('.ditto/streams/*/s'))
    eq((blocks('h'), os.stat(stream).st_blocks * 512) >= (reserved, reserved), True)
    a.end()
    wait_for('the end', lambda: (blocks('h'), os.stat(stream).st_blocks) == (0, 0))
    b.end()


@test(smb=True, squash='none')
def attributes_of_an_open(w):
    """A file opened for its EAs keeps access to them when its mode changes."""
    s = session(w)
    s.close(fresh(s, 'f'))
    fid = s.create('f', access=READ_EA | WRITE_EA, how=smb2.OPEN)
    os.chmod(w.path('f'), 0)
    s.set(fid, FULL_EA, ea(b'One', b'1'))
    eq(eas(s.query(fid, FULL_EA, extra=0)), {b'One': b'1'})
    smb2.refused('ACCESS_DENIED', s.create, 'f', access=READ_EA, how=smb2.OPEN)
    s.end()


def short_of(s, fid):
    """FileAlternateNameInformation, or None."""
    try:
        return s.query(fid, ALTERNATE_NAME)[4:].decode('utf-16-le')
    except smb2.Status as e:
        eq(e.name, 'OBJECT_NAME_NOT_FOUND')


@test(smb=True, squash='none')
def unreadable_is_hidden(w):
    """Access-based enumeration (MS-SMB2 section 3.3.5.18) hides unreadable entries."""
    os.chmod(w.export, 0o777)
    for name, mode in ('shared', 0o644), ('private', 0o600), ('writeonly', 0o622):
        put(w.path(name), b'x', mode)
        os.chown(w.path(name), smb.UIDS['bob'], smb.UIDS['bob'])
    for name, mode in ('open', 0o755), ('closed', 0o711):
        os.mkdir(w.path(name), mode)
        put(w.path(name, 'within'), b'y', 0o644)
    everything = ['closed', 'open', 'private', 'shared', 'writeonly']

    def seen(user, pattern='*', level=12):
        s = smbraw.link(w.client, user=user)
        fid = s.create('', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ, how=smb2.OPEN)
        listed = sorted(set(names(s, fid, pattern, level)) - {'.', '..'})
        flag = bool(s.share_flags & 0x800)
        s.socket.close()
        return listed, flag

    eq(seen('alice'), (everything, False))
    w.server.ctl('share', 'set', 'data', 'hide-unreadable', 'on')
    eq(seen('alice'), (['open', 'shared'], True))
    eq(seen('bob'), (['open', 'private', 'shared', 'writeonly'], True))
    # asked for by its name, too
    eq(seen('alice', 'private'), ([], True))
    eq(seen('alice', 'shared'), (['shared'], True))
    # hidden entries can be used within their permissions
    s = smbraw.link(w.client)
    eq(s.read(s.create('closed\\within', access=smb2.GENERIC_READ, how=smb2.OPEN), 1), b'y')
    smb2.refused('ACCESS_DENIED', s.create, 'private', access=smb2.GENERIC_READ, how=smb2.OPEN)
    # one that was listed is hidden from the next listing on
    fid = s.create('', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ, how=smb2.OPEN)
    eq('shared' in names(s, fid, '*'), True)
    os.chmod(w.path('shared'), 0o600)
    eq('shared' in names(s, fid, '*', flags_=3), False)
    w.server.ctl('share', 'set', 'data', 'hide-unreadable', 'off')
    eq('shared' in names(s, fid, '*', flags_=3), True)
    s.socket.close()
    eq(seen('alice'), (everything, False))


@test(smb=True, squash='none')
def short_names(w):
    """8.3 names, where the share has them, are stable and accepted wherever a name is."""
    s = session(w)
    long_, dotted = 'a long name.text', '.profile of mine'
    fid, other = fresh(s, long_, b'long'), fresh(s, 'short.txt')
    eq((short_of(s, fid), short_of(s, other)), (None, 'short.txt'))
    w.server.ctl('share', 'set', 'data', 'short-names', 'on')
    eq('short-names  on' in w.server.ctl('share', 'show', 'data'), True)
    short = short_of(s, fid)
    eq(re.fullmatch(r'A[0-9A-Z]{5}~[0-9A-Z]\.TEX', short) is not None, True, short)
    eq(short_of(s, other), 'short.txt')
    eq(short_of(s, fresh(s, f'{long_}:stream')), short, 'of the file')
    eq(re.fullmatch(r'_[0-9A-Z]{5}~[0-9A-Z]', short_of(s, fresh(s, dotted))) is not None, True)

    for name in (short, short.lower()):
        eq(s.read(s.create(name, how=smb2.OPEN), 4), b'long')
    smb2.refused('OBJECT_NAME_COLLISION', s.create, short, how=smb2.MAKE)
    d = s.create('', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ, how=smb2.OPEN)
    listed = shorts(s, d, '*')
    eq((listed[long_], listed['short.txt'], listed['.'], listed['..']), (short, '', '', ''))
    eq(sorted(shorts(s, d, '*~*')), sorted((long_, dotted)))
    eq(shorts(s, d, short), {long_: short}, 'one name')
    made = s.create('a long directory', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ)
    s.create(f'{short_of(s, made)}\\below')
    eq(os.listdir(w.path('a long directory')), ['below'])
    s.rename(fid, 'another.text')
    smb2.refused('OBJECT_NAME_NOT_FOUND', s.create, short, how=smb2.OPEN)
    s.rename(fid, long_)

    w.server.ctl('share', 'set', 'data', 'short-names', 'off')
    smb2.refused('OBJECT_NAME_NOT_FOUND', s.create, short, how=smb2.OPEN)
    eq(shorts(s, d, '*')[long_], '')
    w.server.ctl('share', 'set', 'data', 'short-names', 'on')
    eq(short_of(s, fid), short)
    s.end()


@test(smb=True, squash='none')
def paths_of_opens(w):
    """An open has its path, however long it is (MS-FSCC section 2.4.2)."""
    s, folders = session(w), []
    # with some of them the response is longer than short ones, and than a page
    for _ in range(15):
        path = '\\'.join([*folders, 'f.txt'])
        for name in path, f'{path}:stream':
            everything = s.query(fresh(s, name), ALL)
            size, = struct.unpack_from('<I', everything, 96)
            eq(everything[100:100 + size].decode('utf-16-le'), f'\\{name}')
        eq(short_of(s, fresh(s, path)), 'f.txt')
        folders.append(250 * 'd')
        s.create('\\'.join(folders), options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ)
    eq(len(path) > 3500, True)
    smb2.refused('BUFFER_OVERFLOW', s.query, fresh(s, path), ALL, room=200)
    s.end()


@test(smb=True, squash='none', timeout=90)
def large_directories(w):
    made = [f'{kind}{i:04}.{"txt" if i % 2 else "dat"}' for kind in 'ab' for i in range(1500)]
    for name in made:
        put(w.path(name))
    s = session(w)
    fid = s.create('', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ, how=smb2.OPEN)
    eq(sorted(names(s, fid, '*')), sorted(made + ['.', '..']))
    eq(sorted(names(s, fid, '*', room=300)), sorted(made + ['.', '..']), 'in small answers')
    eq(sorted(names(s, fid, 'A*.TXT')), [n for n in made if n[0] == 'a' and n.endswith('txt')])
    eq(sorted(names(s, fid, 'b000?.dat')), [f'b000{i}.dat' for i in (0, 2, 4, 6, 8)])
    eq(names(s, fid, 'A0001.TXT'), ['a0001.txt'], 'a name without wildcards')
    eq(names(s, fid, 'nothing*'), [])
    smb2.refused('0xc0000004', s.call, smb2.QUERY_DIRECTORY, struct.pack(
        '<HBBI16sHHI', 33, 37, 1, 0, fid, 96, 2, 50) + b'*\0')
    s.end()


@test(smb=True, squash='none')
def streams(w):
    s = session(w)
    fid = fresh(s, 'f', b'12345')
    for i in range(20):
        s.close(fresh(s, f'f:stream {i}', b'x' * i))
    out, at, got = s.query(fid, STREAM), 0, {}
    while True:
        following, length, size, _ = struct.unpack_from('<IIQQ', out, at)
        got[out[at + 24:at + 24 + length].decode('utf-16-le')] = size
        if not following:
            break
        at += following
    eq(got, {'::$DATA': 5, **{f':stream {i}:$DATA': i for i in range(20)}})
    number = s.send(smb2.QUERY_INFO, struct.pack('<HBBIHHIII16s', 41, 1, STREAM, 200, 0, 0, 0, 0,
                                                 0, fid) + b'\0')
    eq(s.answer(number)[0], 0x80000005, 'a part of the list')
    opened = s.create('F:STREAM 7', access=smb2.GENERIC_READ)
    eq(struct.unpack_from('<QQ', s.query(opened, STANDARD), 8)[0], 7)
    s.end()


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
