# SPDX-License-Identifier: GPL-2.0-only
"""SMB: information on files and file systems, and how it is set (MS-FSCC, MS-FSA)."""
import os
import re
import struct
import time

import processes
import smb
import smb2
import smbraw
from checks import eq
from files import get, put
from harness import test
from smb import SmbClient
from smb_bodies import QueryDirectory, QueryInfo
from smb_info import (ALL, ALTERNATE_NAME, ARCHIVE, EA, END_OF_FILE, EPOCH, FILESYSTEM, FULL_EA,
                      GET_OBJECT_ID, HIDDEN, OBJECT_ID, READONLY, SECURITY, STANDARD, STREAM,
                      ZERO_DATA, basic, ea, eas, filetime, fresh, names, session, set_basic, shorts)

READ_EA, WRITE_EA = 8, 16
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
def times_follow_streams(w):
    """A file is modified with its streams (MS-FSA section 2.1.4.17), unless a client objects."""
    s = session(w)
    s.close(fresh(s, 'f'))
    s.close(s.create('d', options=smb2.DIRECTORY_FILE))
    for name in 'f', 'd':
        stream = s.create(f'{name}:s')
        for change in (lambda fid: s.write(fid, b'data'),
                       lambda fid: s.set(fid, END_OF_FILE, struct.pack('<Q', 99)),
                       lambda fid: s.ioctl(fid, ZERO_DATA, struct.pack('<QQ', 0, 4))):
            def written(change=change, name=name, stream=stream):
                os.utime(w.path(name), ns=(10 ** 18, 10 ** 18))
                before = basic(s, stream)[2:4]
                time.sleep(0.1)
                change(stream)
                return [a != b for a, b in zip(before, basic(s, stream)[2:4])]
            eq(written(), [True, True], name)
            set_basic(s, stream, written=STOP, changed=STOP)
            eq(written(), [False, False], f'{name}, stopped')
            set_basic(s, stream, written=GO_ON, changed=GO_ON)
            eq(written(), [True, True], f'{name}, resumed')
            eq(abs(os.stat(w.path(name)).st_mtime - time.time()) < 60, True)
        os.utime(w.path(name), ns=(10 ** 18, 10 ** 18))
        s.read(stream, 4)
        eq(os.stat(w.path(name)).st_mtime_ns, 10 ** 18, 'read')
        s.close(stream)
    s.end()


@test(smb=True, squash='none')
def access_time_follows_changes(w):
    """Who changes data sets the time of access (MS-FSA section 2.1.4.17), but for noatime and -1."""
    v = w.volume(f'{w.base}/noatime', 'ext4')
    processes.run('mount', '-o', 'remount,noatime', v.where)
    os.chmod(v.where, 0o777)
    w.server.add('noatime', v.where)
    s = session(w)

    def follows(session_, fid, path):
        def noted(change):
            os.utime(path, ns=(10 ** 18, 10 ** 18))
            change()
            accessed = os.stat(path).st_atime
            eq(accessed == 10 ** 9 or abs(accessed - time.time()) < 60, True)
            return accessed != 10 ** 9
        return [noted(change) for change in (
            lambda: session_.write(fid, b'data'),
            lambda: session_.write(fid, b'more'),
            lambda: session_.set(fid, END_OF_FILE, struct.pack('<Q', 99)),
            lambda: session_.ioctl(fid, ZERO_DATA, struct.pack('<QQ', 0, 4)))]
    s.close(fresh(s, 'f'))
    for name in 'f', 'f:s':
        fid = s.create(name, access=smb2.GENERIC_ALL)
        eq(follows(s, fid, w.path('f')), [True] * 4, name)
        set_basic(s, fid, accessed=STOP)
        eq(follows(s, fid, w.path('f')), [False] * 4, f'{name}, stopped')
        set_basic(s, fid, accessed=GO_ON)
        eq(follows(s, fid, w.path('f')), [True] * 4, f'{name}, resumed')
        s.close(fid)
    os.utime(w.path('f'), ns=(10 ** 18, 10 ** 18))
    put(w.path('f'), b'local')
    eq(os.stat(w.path('f')).st_atime, 1e9, 'local')
    s.end()
    s = session(w, share='noatime')
    eq(follows(s, fresh(s, 'f'), f'{v.where}/f'), [False] * 4, 'noatime')
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
    small = s.send(smb2.QUERY_INFO, bytes(QueryInfo(kind=SECURITY, level=0, room=4, extra=7,
                                                    fid=fid)) + b'\0')
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
    assert ['short-names', 'yes'] in [line.split() for line in
                                      w.server.ctl('share', 'show', 'data').splitlines()]
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


def set_short(s, fid, name, length=None):
    data = name.encode('utf-16-le')
    s.set(fid, 40, struct.pack('<I', len(data) if length is None else length) + data)


@test(smb=True, squash='none')
def short_names_of_files_that_are_gone(w):
    """A short name of a removed file is free, and one that cannot be read is not overwritten."""
    w.server.ctl('share', 'set', 'data', 'short-names', 'on', 'user', 'alice=admin')
    s, how = session(w), {'options': 0x4000, 'access': smb2.GENERIC_ALL}
    attribute, count = 'trusted.ditto.short', 9
    # the first one is removed, and its short name is given to another file
    for name in 'removed file', 'heir':
        fid = s.create(name, **how)
        set_short(s, fid, 'TAKEN')
        s.close(fid)
        if name == 'removed file':
            os.unlink(w.path(name))
            smb2.refused('OBJECT_NAME_NOT_FOUND', s.create, 'TAKEN', how=smb2.OPEN)
    s.write(s.create('taken', how=smb2.OPEN), b'heir')
    eq(get(w.path('heir')), b'heir')
    eq(b'removed' in os.getxattr(w.export, attribute), False)
    # and one that hides the name that is computed for another
    s.close(fresh(s, 'a long name.text', b'computed'))
    fid = s.create('doomed', **how)
    listing = s.create('', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ, how=smb2.OPEN)
    made = shorts(s, listing, '*')['a long name.text']
    os.rename(w.path('a long name.text'), w.path('elsewhere'))
    set_short(s, fid, made)
    s.close(fid)
    os.unlink(w.path('doomed'))
    os.rename(w.path('elsewhere'), w.path('a long name.text'))
    eq(s.read(s.create(made, how=smb2.OPEN), 8), b'computed')

    # names of present files fill the attribute, and there is room again when the files are gone
    fids = [s.create(f'{i:0>240}', **how) for i in range(count)]
    for i, fid in enumerate(fids[:-1]):
        set_short(s, fid, f'N{i}')
    smb2.refused('DISK_FULL', set_short, s, fids[-1], 'LAST')
    for i, fid in enumerate(fids[:-1]):
        s.close(fid)
        if i:
            os.unlink(w.path(f'{i:0>240}'))
    set_short(s, fids[-1], 'LAST')
    eq({short for short in shorts(s, listing, '*').values()} >= {'TAKEN', 'N0', 'LAST'}, True)
    eq(len(os.getxattr(w.export, attribute)) < 600, True)

    # damaged and too long ones stay as they are
    for value in b'\x01\x01abc\xff', bytes(2500):
        os.setxattr(w.export, attribute, value)
        smb2.refused('0xc00000e9', set_short, s, fids[-1], 'OTHER')
        eq(os.getxattr(w.export, attribute), value)
        eq('heir' in shorts(s, listing, '*'), True)
    s.end()


@test(smb=True, squash='none')
def short_names_that_are_set(w):
    """An administrator may give files other short names (MS-FSCC section 2.4.44)."""
    w.server.ctl('share', 'set', 'data', 'short-names', 'on', 'user', 'alice=admin')
    s, restore = session(w), {'options': 0x4000, 'access': smb2.GENERIC_ALL}
    first, second = s.create('a long name.text', **restore), s.create('plain.txt', **restore)
    made = short_of(s, first)
    for fid, name in (first, 'other~1.tex'), (second, 'SECOND'):
        set_short(s, fid, name)
        eq(short_of(s, fid), name.upper())
        set_short(s, fid, name.lower())
    s.close(second)
    s.write(s.create('SECOND', how=smb2.OPEN), b'text')
    eq(get(w.path('plain.txt')), b'text')
    d = s.create('', options=smb2.DIRECTORY_FILE, access=smb2.GENERIC_READ, how=smb2.OPEN)
    eq({name: short for name, short in shorts(s, d, '*').items() if short},
       {'a long name.text': 'OTHER~1.TEX', 'plain.txt': 'SECOND'})
    eq(shorts(s, d, 'other~1.tex'), {'a long name.text': 'OTHER~1.TEX'})
    smb2.refused('OBJECT_NAME_NOT_FOUND', s.create, made, how=smb2.OPEN)
    smb2.refused('OBJECT_NAME_COLLISION', s.create, 'second', how=smb2.MAKE)

    for name in 'plain.txt', 'second', 'PLAIN.TXT':
        smb2.refused('OBJECT_NAME_COLLISION', set_short, s, first, name)
    for name in '\\name', 'a b.txt', 'too long name', 'name.text', '.txt', 'a..b':
        smb2.refused('INVALID_PARAMETER', set_short, s, first, name)
    for length in 3, 100, 1 << 31:
        smb2.refused('INVALID_PARAMETER', set_short, s, first, 'name', length)
    eq(short_of(s, first), 'OTHER~1.TEX')
    set_short(s, first, '')
    eq(short_of(s, first), None, 'none')
    smb2.refused('OBJECT_NAME_NOT_FOUND', s.create, made, how=smb2.OPEN)
    set_short(s, first, made)
    eq(s.create(made, how=smb2.OPEN) != b'', True)
    s.rename(first, 'another long name.text')
    eq(short_of(s, first).startswith('A'), True, 'of the new name')

    # without the intent to restore, without the privilege, and where there are none
    smb2.refused('PRIVILEGE_NOT_HELD', set_short, s, s.create('f', access=smb2.GENERIC_ALL), 'g')
    other = session(w, user='bob')
    smb2.refused('PRIVILEGE_NOT_HELD', set_short, other, other.create('b', **restore), 'g')
    other.end()
    doomed = s.create('c', options=0x5000, access=smb2.GENERIC_ALL)
    smb2.refused('ACCESS_DENIED', set_short, s, doomed, 'g')
    smb2.refused('INVALID_PARAMETER', set_short, s, s.create('c:s', access=smb2.GENERIC_ALL), 'g')
    w.server.ctl('share', 'set', 'data', 'short-names', 'off')
    smb2.refused('0xc000019f', set_short, s, first, 'g')
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
    query = QueryDirectory(level=37, flags=1, fid=fid, pattern_length=2, room=50)
    smb2.refused('0xc0000004', s.call, smb2.QUERY_DIRECTORY, bytes(query) + b'*\0')
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
    number = s.send(smb2.QUERY_INFO, bytes(QueryInfo(level=STREAM, room=200, fid=fid)) + b'\0')
    eq(s.answer(number)[0], 0x80000005, 'a part of the list')
    opened = s.create('F:STREAM 7', access=smb2.GENERIC_READ)
    eq(struct.unpack_from('<QQ', s.query(opened, STANDARD), 8)[0], 7)
    s.end()
