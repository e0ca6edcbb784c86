# SPDX-License-Identifier: GPL-2.0-only
"""SMB: sparse, compressed and zeroed ranges of files."""
import contextlib
import glob
import os
import struct

import smb2
from checks import eq, one_of, wait_for
from files import MIB, get, put
from harness import test
from processes import run
from smb2 import EMPTY_BODY
from smb_info import (ARCHIVE, COMPRESSED, COMPRESSION, FILESYSTEM, FS_ATTRIBUTE, GET_COMPRESSION,
                      RANGES, SET_COMPRESSION, SET_SPARSE, SPARSE, TRIM, ZERO_DATA, basic, fresh,
                      session, set_basic)
from volumes import frozen

NONE, DEFAULT, LZNT1 = range(3)


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
        s.call(smb2.ECHO, EMPTY_BODY)
    eq(smb2.NAMES[s.answer(number, 60)[0]], 'CANCELLED')
    got = get(f'{other}/f')
    # the wait may have been another one, before the first part
    one_of(len(got) - len(got.lstrip(b'\0')), (0, part))
    eq(got.lstrip(b'\0').count(b'a'), len(got.lstrip(b'\0')))
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
