# SPDX-License-Identifier: GPL-2.0-only
"""Apple's extensions of SMB, in the sequences of a client of macOS."""
import contextlib
import json
import os
import stat
import struct
import threading
import types
import unicodedata

import nfs4
import smb
import smb2
from checks import eq, wait_for
from files import get, pattern, put
from harness import test
from nfs4 import putfh
from nfs4_callers import Caller
from processes import run
from servers import tool
from smb2 import (DELETE, DELETE_ON_CLOSE, GENERIC_READ, MAKE, OPEN, Smb2, ioctl_body,
                  refused)
from smb_acl import (ALL, ALLOW, DACL, DENY, READ, READ_DATA, SECURITY, WRITE_DATA, aces,
                     descriptor, parts, set_sd, sid, user)
from smb_apple import (CAPS, COPYFILE, END_OF_FILE, FULL_SYNC, HEAD, INFO, READ_DIR_ATTR,
                       RESOLVES_ID, RESOURCE, afp_info, apple_double, copyfile, copyfile_input,
                       finder_info, full_sync, get_stream, listing, negotiate, put_stream,
                       resolve_id, size_of, streams)
from smb_bodies import Write
from smb_cachers import H, R, W, Cacher, key
from smb_contexts import create_with
from smb_copy import (COPYCHUNK, COPYCHUNK_WRITE, DUPLICATE, DUPLICATE_EX, OFFLOAD_WRITE,
                      RESUME_KEY)
from smb_durable import RWH, away, session
from smbraw import link
from volumes import mount, umount

FULL_SIZE = 7
ZERO_DATA, TRIM = 0x980c8, 0x98208
APPEND_DATA = 4
ALICE = smb.UIDS['alice']
UNNAMED = '::$DATA'


def mac(w, caps=CAPS, **kw):
    """A session that has mounted the share as macOS does."""
    os.chmod(w.export, 0o777)
    s = Smb2(w.client, **kw)
    eq(negotiate(s, caps) is not None, True)
    return s


def of_alice(w, name, data=b'', mode=0o644):
    put(w.path(name), data, mode)
    os.chown(w.path(name), ALICE, ALICE)


@test(smb=True, squash='none')
def query(w):
    """The query of a mount is answered with what the server, the volume and the model are."""
    os.chmod(w.export, 0o777)
    s = Smb2(w.client)
    answer = negotiate(s)
    command, _, bits, server, volume, _, length = struct.unpack_from('<IIQQQII', answer)
    eq((command, bits, server, volume), (1, 7, CAPS, FULL_SYNC))
    eq(answer[40:40 + length].decode('utf-16-le'), 'Ditto')
    eq(len(answer) % 8, 0)
    eq(struct.unpack('<IIQQ', negotiate(s, asked=2)), (1, 0, 2, FULL_SYNC))
    # to find a file by its number is not offered here, and other commands are unknown
    for command in struct.pack('<IIQ', 2, 0, 1), struct.pack('<IIQQ', 9, 0, 7, 0):
        eq(create_with(s, '', {b'AAPL': command}, OPEN)[1], {})
    refused('INVALID_PARAMETER', create_with, s, '', {b'AAPL': bytes(20)}, OPEN)
    w.server.ctl('share', 'set', 'data', 'apple', 'off')
    eq(negotiate(s), None)
    s.end()


@test(smb=True, squash='none', fs='btrfs')
def paths_of_file_ids(w):
    """A user is told the path of a file id if he can walk it, whatever the server remembers."""
    s = mac(w)
    eq(struct.unpack('<IIQQ', negotiate(s, asked=2))[3], FULL_SYNC | RESOLVES_ID)
    os.makedirs(w.path('dir/Übung'))
    run('btrfs', 'subvolume', 'create', w.path('vol'))
    names = 'dir', 'dir/Übung', 'dir/Übung/a: b', 'dir/closed', 'dir/closed/f', 'vol', 'vol/f'
    os.mkdir(w.path('dir/closed'), 0o700)
    for name in names:
        if not os.path.exists(w.path(name)):
            put(w.path(name), b'x')
    ids = {name: listing(s, os.path.dirname(name).replace('/', '\\'))[
        os.path.basename(name).replace(':', '\uf022')].file_id
        for name in names if not name.startswith('dir/closed/')}
    ids['dir/closed/f'] = os.stat(w.path('dir/closed/f')).st_ino
    root = os.stat(w.export).st_ino

    def forget():
        os.sync()
        put('/proc/sys/vm/drop_caches', b'2')

    def found(who, name, path=None):
        path = (name if path is None else path).replace('/', '\\').replace(':', '\uf022')
        eq(resolve_id(who, ids[name]), ('SUCCESS', path), name)

    gone = 'OBJECT_NAME_NOT_FOUND', ''
    w.server.restart()
    forget()
    s = mac(w)
    for name in reversed(names):
        if name == 'dir/closed/f':
            eq(resolve_id(s, ids[name]), gone)
        else:
            found(s, name)
    eq(resolve_id(s, root), ('SUCCESS', ''))
    for number in 0, 1, 255, 1 << 20, 1 << 62 | 9999 << 40 | 257, (1 << 64) - 1:
        eq(resolve_id(s, number), gone, number)
    # as it is called now
    os.rename(w.path('dir/Übung/a: b'), w.path('dir/closed/b'))
    eq(resolve_id(s, ids['dir/Übung/a: b']), gone)
    os.chmod(w.path('dir/closed'), 0o711)
    found(s, 'dir/closed/f')
    found(s, 'dir/Übung/a: b', 'dir/closed/b')
    forget()
    found(s, 'dir/Übung/a: b', 'dir/closed/b')
    os.unlink(w.path('dir/closed/b'))
    eq(resolve_id(s, ids['dir/Übung/a: b']), gone)
    # longer than other responses
    deep = '/'.join(['dir', *5 * ['d' * 200]])
    os.makedirs(w.path(deep))
    eq(resolve_id(s, os.stat(w.path(deep)).st_ino), ('SUCCESS', deep.replace('/', '\\')))
    # only in the share
    w.server.add('part', w.path('dir/Übung'), squash='none')
    put(w.path('dir/Übung/in'), b'x')
    ids['in'] = os.stat(w.path('dir/Übung/in')).st_ino
    part = mac(w, share='part')
    found(part, 'in')
    for number in ids['dir'], ids['vol/f'], ids['dir/closed/f'], root:
        eq(resolve_id(part, number), gone)
    # below a mount
    w.server.set('data', nested='on')
    found(s, 'dir/closed/f')
    mount('e2e', w.path('dir/closed'), 'tmpfs', 0, 'mode=777')
    put(w.path('dir/closed/f'), b'y')
    wait_for('the mount is seen', lambda: resolve_id(s, ids['dir/closed/f']) == gone)
    umount(w.path('dir/closed'))
    w.server.ctl('share', 'set', 'data', 'apple', 'off')
    eq(resolve_id(s, root), None)
    s.end()
    part.end()


@test(smb=True, squash='none')
def metadata_in_listings(w):
    """Entries have access, resource fork, FinderInfo and mode for clients that negotiated them."""
    s, plain = mac(w), Smb2(w.client)
    of_alice(w, 'file', b'x', 0o640)
    put(w.path('other'), b'x', 0o400)
    os.mkdir(w.path('dir'), 0o711)
    os.symlink('file', w.path('link'))
    finder = finder_info(b'PDF CARO', 0x4000, 0x0102, 0x5f0a1b2c)
    put_stream(s, 'file' + INFO, afp_info(finder))
    put_stream(s, 'file' + RESOURCE, b'r' * 300)
    there = listing(s)
    one = there['file']
    eq((one.resource, one.mode, one.file_id),
       (300, stat.S_IFREG | 0o640, os.stat(w.path('file')).st_ino))
    eq(one.finder, b'PDF CARO' + struct.pack('>HHI', 0x4000, 0x0102, 0x5f0a1b2c))
    fid = s.create('file', smb2.MAXIMUM, how=OPEN)
    eq(one.access, struct.unpack('<I', s.query(fid, 8))[0])
    s.close(fid)
    eq((there['other'].resource, there['other'].finder), (0, bytes(16)))
    eq(there['other'].access & (2 | 0x10000), 0x10000, 'write, delete')
    eq(there['dir'].mode, stat.S_IFDIR | 0o711)
    # a reparse point has its tag there
    eq(there['link'].access, 0xa000000c)
    # one by its name
    eq(listing(s, pattern='file')['file'], one)
    # the type of a directory is not the place of its window
    os.chown(w.path('dir'), ALICE, ALICE)
    put_stream(s, 'dir' + INFO, afp_info(finder))
    eq(listing(s)['dir'].finder, bytes(8) + one.finder[8:])
    # what the user may not read
    os.chmod(w.path('file'), 0o600)
    os.chown(w.path('file'), smb.UIDS['bob'], -1)
    for who, seen in (s, (0, bytes(16))), (mac(w, user='bob'), (300, one.finder)):
        entry = listing(who)['file']
        eq((entry.resource, entry.finder), seen)
    for other in plain, mac(w, COPYFILE):
        eq({(e.access, e.short, e.resource, e.finder, e.mode)
            for name, e in listing(other).items() if name != 'link'}, {(0, 0, 0, bytes(16), 0)})
    w.server.ctl('share', 'set', 'data', 'apple', 'off')
    eq(listing(s)['file'].short, 0)
    s.end()


@test(smb=True, squash='none')
def finder_info_rules(w):
    """AFP_AfpInfo is read and written as a whole, and information of zeros is none."""
    s, other = mac(w), Smb2(w.client)
    of_alice(w, 'f')
    refused('OBJECT_NAME_NOT_FOUND', get_stream, s, 'f' + INFO)
    fid = s.create('f' + INFO)
    eq((size_of(s, fid), s.read(fid, 100)), (60, afp_info(bytes(32))))
    eq(streams(other, 'f'), {UNNAMED: 0})
    # what is none
    for data in b'AF', bytes(60), b'AFP\0' + bytes(56), b'x' * 60:
        refused('INVALID_PARAMETER', s.write, fid, data)
    refused('INVALID_PARAMETER', s.write, fid, afp_info()[1:20], 1)
    s.write(fid, afp_info())
    eq(streams(other, 'f'), {UNNAMED: 0, INFO + ':$DATA': 60})
    eq(get_stream(other, 'f' + INFO), afp_info())
    # offsets count for nothing
    eq([s.read(fid, 8, at) for at in (16, 60)], [HEAD[:8]] * 2)
    refused('END_OF_FILE', s.read, fid, 8, 61)
    s.write(fid, afp_info(finder_info(b'newTYPE!')) + b'more', 30)
    # a part of it
    s.write(fid, HEAD + b'abcd')
    eq(s.read(fid, 60), afp_info(finder_info(b'abcdYPE!')))
    # by who may only write
    os.chmod(w.path('f'), 0o622)
    bob = Smb2(w.client, user='bob')
    writer = bob.create('f' + INFO, WRITE_DATA, how=OPEN)
    refused('ACCESS_DENIED', bob.read, writer, 60)
    bob.write(writer, afp_info(finder_info(b'12345678')))
    bob.write(writer, HEAD + b'abcd')
    bob.close(writer)
    eq(s.read(fid, 60), afp_info(finder_info(b'abcd5678')))
    s.write(fid, afp_info(finder_info(b'abcdYPE!')))
    for code in (DUPLICATE, DUPLICATE_EX, OFFLOAD_WRITE, ZERO_DATA, TRIM):
        refused('INVALID_DEVICE_REQUEST', s.ioctl, fid, code)
    # by the server, from another one and whole
    plain, twin = s.create('plain'), s.create('twin' + INFO)
    s.write(plain, afp_info())
    for source, chunk in ((plain, (0, 0, 60)), (fid, (4, 0, 56)), (fid, (0, 0, 56)),
                          (fid, (0, 4, 56))):
        key = s.ioctl(source, RESUME_KEY)[:24]
        refused('INVALID_DEVICE_REQUEST', s.ioctl, twin, COPYCHUNK,
                key + struct.pack('<IIQQII', 1, 0, *chunk, 0))
    s.ioctl(twin, COPYCHUNK, key + struct.pack('<IIQQII', 1, 0, 0, 0, 60, 0))
    eq(s.read(twin, 60), afp_info(finder_info(b'abcdYPE!')))
    s.close(plain)
    s.close(twin)
    refused('ALLOTTED_SPACE_EXCEEDED', s.set, fid, END_OF_FILE, struct.pack('<Q', 61))
    for size in 0, 1, 60:
        s.set(fid, END_OF_FILE, struct.pack('<Q', size))
    eq((size_of(s, fid), s.read(fid, 60)), (60, afp_info(finder_info(b'abcdYPE!'))))
    # none
    s.write(fid, afp_info(bytes(32)))
    eq(streams(other, 'f'), {UNNAMED: 0})
    refused('OBJECT_NAME_NOT_FOUND', get_stream, other, 'f' + INFO)
    s.write(fid, afp_info())
    s.close(fid)
    eq(get_stream(other, 'f' + INFO), afp_info())
    # removed as any stream
    s.close(s.create('f' + INFO, DELETE, how=OPEN, options=DELETE_ON_CLOSE))
    eq(streams(s, 'f'), {UNNAMED: 0})
    s.end()


@test(smb=True, squash='none')
def resource_fork_rules(w):
    """An empty AFP_Resource is not there, and nothing else ends one."""
    s, other = mac(w), Smb2(w.client)
    of_alice(w, 'f')
    name = 'f' + RESOURCE
    refused('OBJECT_NAME_NOT_FOUND', s.create, name, how=OPEN)
    fid = s.create(name)
    refused('OBJECT_NAME_NOT_FOUND', other.create, name, how=OPEN)
    refused('OBJECT_NAME_NOT_FOUND', other.create, name, how=smb2.OVERWRITE)
    other.close(other.create(name, how=MAKE))
    eq(streams(other, 'f'), {UNNAMED: 0})
    s.write(fid, b'fork' * 1000)
    refused('OBJECT_NAME_COLLISION', other.create, name, how=MAKE)
    eq(streams(other, 'f'), {UNNAMED: 0, RESOURCE + ':$DATA': 4000})
    # deletions are not carried out
    s.close(s.create(name, DELETE, how=OPEN, options=DELETE_ON_CLOSE))
    again = s.create(name, DELETE, how=OPEN)
    s.delete_on_close(again)
    refused('DELETE_PENDING', other.create, name, how=OPEN)
    s.close(again)
    eq(get_stream(other, name, 4), b'fork')
    s.set(fid, END_OF_FILE, struct.pack('<Q', 0))
    refused('OBJECT_NAME_NOT_FOUND', other.create, name, how=OPEN)
    s.write(fid, b'again')
    s.close(fid)
    eq(get_stream(other, name), b'again')
    # other streams are as ever for others than macOS
    s.close(s.create('f:empty'))
    eq((sorted(streams(s, 'f')), sorted(streams(other, 'f'))),
       ([UNNAMED, RESOURCE + ':$DATA'], [UNNAMED, RESOURCE + ':$DATA', ':empty:$DATA']))
    refused('OBJECT_NAME_NOT_FOUND', s.create, 'f:empty', how=OPEN)
    other.close(other.create('f:empty', how=OPEN))
    w.server.ctl('share', 'set', 'data', 'apple', 'off')
    put_stream(s, name, b'')
    eq(streams(s, 'f')[RESOURCE + ':$DATA'], 0)
    s.end()


@test(smb=True, squash='none')
def copies_whole_files(w):
    """A copy without chunks has data, streams and extended attributes; without AAPL it has none."""
    s, other = mac(w), Smb2(w.client)
    data, fork = pattern(1, 100000), pattern(2, 300000)
    of_alice(w, 'from', data)
    os.setxattr(w.path('from'), 'user.note', b'by nfs')
    put_stream(s, 'from' + RESOURCE, fork)
    put_stream(s, 'from' + INFO, afp_info())
    put_stream(s, 'from:com.apple.quarantine', b'q' * 50)
    for name in 'from:none', 'from:emptied':
        s.close(s.create(name))
    put_stream(other, 'to:emptied', b'old')
    source, target = s.create('from', GENERIC_READ, how=OPEN), s.create('to')
    s.write(target, b'behind the end of the source', 200000)
    eq(copyfile(s, source, target), len(data))
    eq((get(w.path('to')), os.getxattr(w.path('to'), 'user.note')), (data, b'by nfs'))
    eq(streams(s, 'to'), {**streams(s, 'from'), UNNAMED: len(data)})
    eq(streams(s, 'to')[RESOURCE + ':$DATA'], len(fork))
    eq([streams(other, 'to').get(name) for name in (':none:$DATA', ':emptied:$DATA')], [None, 0])
    eq(b''.join(get_stream(s, 'to' + RESOURCE, 50000, at) for at in range(0, len(fork), 50000)),
       fork)
    eq((get_stream(s, 'to' + INFO), get_stream(s, 'to:com.apple.quarantine')),
       (afp_info(), b'q' * 50))
    # a target that may not be written, and a client that did not say that it knows this
    read_only = s.create('to', GENERIC_READ, how=OPEN)
    refused('ACCESS_DENIED', copyfile, s, source, read_only)
    put_stream(s, 'hollow' + RESOURCE, fork)
    hollow = s.create('hollow', GENERIC_READ, how=OPEN)
    s.close(s.create('added'))
    appending = s.create('added', APPEND_DATA, how=OPEN)
    refused('ACCESS_DENIED', copyfile, s, hollow, appending, COPYCHUNK_WRITE)
    w.server.ctl('share', 'set', 'data', 'apple', 'off')
    eq(streams(other, 'added'), {UNNAMED: 0})
    w.server.ctl('share', 'set', 'data', 'apple', 'on')
    plain = mac(w, READ_DIR_ATTR)
    fids = plain.create('from', GENERIC_READ, how=OPEN), plain.create('none')
    eq((copyfile(plain, *fids), get(w.path('none'))), (0, b''))
    s.end()


@test(smb=True, squash='none')
def copy_in_turns(w):
    """A copy of a large file with a large stream is whole, though it takes several turns."""
    s = mac(w)
    size = 150 << 20
    with open(w.path('from'), 'wb') as f:
        f.truncate(size)
        f.seek(size - 5)
        f.write(b'ended')
    os.chown(w.path('from'), ALICE, ALICE)
    fid = s.create('from' + RESOURCE)
    s.write(fid, b'forks', (70 << 20) - 5)
    s.close(fid)
    source, target = s.create('from', GENERIC_READ, how=OPEN), s.create('to')
    eq(copyfile(s, source, target), size)
    eq(streams(s, 'to'), {UNNAMED: size, RESOURCE + ':$DATA': 70 << 20})
    eq(get_stream(s, 'to', 5, size - 5), b'ended')
    eq(get_stream(s, 'to' + RESOURCE, 5, (70 << 20) - 5), b'forks')
    s.end()


@test(smb=True, squash='none')
def copy_waits_for_a_stream(w):
    """A copy that waits for what others cache of a stream goes on there, whatever was removed."""
    s, c = mac(w), Cacher(w.client)
    for number, gone in enumerate((0, 2)):
        source, target = f'from{number}', f'to{number}'
        of_alice(w, source, b'data')
        os.setxattr(w.path(source), 'user.note', b'noted')
        for i in range(4):
            put_stream(s, f'{source}:{i}', b'%d' % i * 1000)
        names = [name[:2] for name in streams(s, source) if name != UNNAMED]
        g = c.open(target + names[2], key=key(number + 1), state=R | W)
        eq(g.state, R | W)
        fids = s.create(source, GENERIC_READ, how=OPEN), s.create(target)
        copying = s.send(smb2.IOCTL, ioctl_body(fids[1], COPYCHUNK, copyfile_input(s, fids[0])))
        eq(s.answer(copying, pending=True)[0], smb2.PENDING)
        eq(c.broken()[:3], (key(number + 1), R | W, 0))
        s.close(s.create(source + names[gone], DELETE, how=OPEN, options=DELETE_ON_CLOSE))
        c.ack(key(number + 1), 0)
        eq(s.answer(copying)[0], smb2.OK)
        eq((get(w.path(target)), os.getxattr(w.path(target), 'user.note')), (b'data', b'noted'))
        # what was removed after it was copied stays, what was removed before is not there
        eq({name: get_stream(s, target + name) for name in names if name != names[2] or not gone},
           {name: name[1:].encode() * 1000 for name in names if name != names[2] or not gone})
        eq(size_of(c, g.fid), 0 if gone else 1000)
        c.close(g.fid)
    s.end()
    c.end()


@test(smb=True, squash='none')
def copy_without_streams(w):
    """A copy to a share without streams leaves them out."""
    s = mac(w)
    of_alice(w, 'from', b'data')
    put_stream(s, 'from' + RESOURCE, b'fork')
    s.end()
    os.mkdir(w.path('sub'), 0o777)
    os.chmod(w.path('sub'), 0o777)
    w.server.add('other', w.path('sub'), squash='none')
    w.server.ctl('share', 'set', 'other', 'streams', 'off')
    with link(w.client) as s:
        eq(negotiate(s) is not None, True)
        asked = copyfile_input(s, s.create('from', GENERIC_READ, how=OPEN))
        eq(s.connect_tree('other'), 'SUCCESS')
        eq(struct.unpack('<III', s.ioctl(s.create('to'), COPYCHUNK, asked)), (0, 0, 4))
        w.server.ctl('share', 'set', 'other', 'streams', 'on')
        eq((get(w.path('sub/to')), streams(s, 'to')), (b'data', {UNNAMED: 4}))


@test(smb=True, squash='none')
def modes_by_entries(w):
    """The list has entries with owner, group and mode; chmod is the list with another mode."""
    s = mac(w)
    of_alice(w, 'f', b'x', 0o640)
    fid = s.create('f', smb2.GENERIC_ALL, how=OPEN)

    def entries(who):
        return parts(who.query(fid if who is s else theirs, 0, SECURITY, extra=DACL))[2]
    unix = [(DENY, 0, 0, sid(5, 88, kind, number))
            for kind, number in ((1, ALICE), (2, ALICE), (3, 0o640))]
    shown = entries(s)
    eq(shown[-3:], unix)
    plain = Smb2(w.client)
    theirs = plain.create('f', smb2.GENERIC_ALL, how=OPEN)
    eq(entries(plain), shown[:-3])

    def set_list(*aces):
        s.set(fid, 0, descriptor(*aces), SECURITY, DACL)
    set_list(*shown[:-1], (DENY, 0, 0, sid(5, 88, 3, 0o604)))
    eq(stat.S_IMODE(os.stat(w.path('f')).st_mode), 0o604)
    # with the mode that it has, the list counts, and these entries are not kept
    bob = 0, 0, 0x120089, user('bob')
    set_list(bob, *entries(s))
    eq((entries(plain)[0], sum(one[2] == 0 for one in entries(plain))), (bob, 0))
    eq(len(entries(s)), len(entries(plain)) + 3)
    s.end()


@test(smb=True, squash='none')
def lists_with_modes(w):
    """A list is set with its mode; entries of owner, group and mode alone change no list."""
    s, plain = mac(w), Smb2(w.client)

    def unix(mode):
        return [(DENY, 0, 0, sid(5, 88, kind, number))
                for kind, number in ((1, ALICE), (2, ALICE), (3, mode))]

    def mode_of(name):
        return stat.S_IMODE(os.stat(w.path(name)).st_mode)
    of_alice(w, 'f', b'x', 0o640)
    fid, theirs = (one.create('f', smb2.GENERIC_ALL, how=OPEN) for one in (s, plain))
    lists = [(ALLOW, 0, ALL, user('alice')), (ALLOW, 0, READ, user('bob'))]
    set_sd(s, fid, descriptor(*lists, *unix(0o660)))
    shown = aces(plain, theirs)
    eq(mode_of('f'), 0o660)
    eq([mask & READ_DATA for kind, _, mask, who in shown if (kind, who) == (ALLOW, user('bob'))],
       [READ_DATA])
    # alone
    for alone in unix(0o660), unix(0)[:2]:
        set_sd(s, fid, descriptor(*alone))
        eq((mode_of('f'), aces(plain, theirs)), (0o660, shown))
    set_sd(s, fid, descriptor(*unix(0o600)))
    eq((mode_of('f'), get_stream(s, 'f')), (0o600, b'x'))
    # a file without a list
    of_alice(w, 'g', b'x', 0o640)
    fid = s.create('g', smb2.GENERIC_ALL, how=OPEN)
    shown = aces(s, fid)
    set_sd(s, fid, descriptor(*unix(0o640)))
    eq((mode_of('g'), aces(s, fid), get_stream(s, 'g')), (0o640, shown, b'x'))
    # an empty list is one
    set_sd(s, fid, descriptor())
    eq(aces(s, fid)[:-3], [])
    s.end()


@test(smb=True, locks='raw', squash='none')
def same_streams_over_nfs(w):
    """Named attributes of NFSv4 are these streams, and what NFS writes breaks leases on them."""
    s = mac(w)
    of_alice(w, 'f', mode=0o666)
    put_stream(s, 'f' + INFO, afp_info())
    put_stream(s, 'f' + RESOURCE, b'fork of SMB')
    n = nfs4.Session.make(nfs4.connect(w.client))
    attrs = n.compound(putfh(n.fh('data', 'f')), nfs4.openattr(False), nfs4.getfh()).ok()[-1].fh
    read, info = n.open(attrs, 'AFP_AfpInfo', nfs4.READ)
    eq(n.compound(putfh(info), nfs4.read(nfs4.ANON, 0, 100)).ok()[-1].data, afp_info())
    got, fork = n.open(attrs, 'AFP_Resource', nfs4.BOTH)
    eq(got.status, nfs4.OK)
    c = Cacher(w.client)
    granted = c.open('f' + RESOURCE, key=key(1), state=R)
    eq((granted.state, c.read(granted.fid, 20)), (R, b'fork of SMB'))
    n.compound(putfh(fork), nfs4.write(got.stateid, 0, b'FORK OF NFS!')).ok()
    eq(c.broken()[:3], (key(1), R, 0))
    eq(c.read(granted.fid, 20), b'FORK OF NFS!')
    eq(listing(s)['f'].resource, 12)
    for fh, opened in (info, read), (fork, got):
        n.compound(putfh(fh), nfs4.close(opened.stateid)).ok()
    eq(n.destroy().status, nfs4.OK)
    eq(n.nfs.compound(nfs4.destroy_clientid(n.clientid)).status, nfs4.OK)
    s.end()
    c.end()


@test(smb=True, squash='none')
def names_in_either_form(w):
    """A name that another protocol made in decomposed form is found in the composed form."""
    s = mac(w)
    composed, decomposed = (unicodedata.normalize(form, 'Übung é.txt') for form in ('NFC', 'NFD'))
    of_alice(w, decomposed, b'by NFS')
    eq(get_stream(s, composed), b'by NFS')
    refused('OBJECT_NAME_COLLISION', s.create, composed, how=MAKE)
    eq([name for name in listing(s) if name not in ('.', '..')], [decomposed])
    # what macOS makes over SMB is composed, and stays so
    s.close(s.create('Ä' + composed))
    eq(sorted(os.listdir(w.export)), sorted([decomposed, 'Ä' + composed]))
    s.end()


@test(smb=True, squash='none', fs='btrfs')
def convert_apple_double(w):
    """AppleDouble files become streams, and none goes before all that it has is in streams."""
    finder, fork = finder_info(b'PDF CARO'), pattern(1, 300000)
    whole = apple_double(finder, fork, com_apple_quarantine=b'q' * 50, user_note=b'n')
    os.mkdir(w.path('dir'))
    run('btrfs', 'subvolume', 'create', w.path('vol'))
    for where in '', 'dir/', 'vol/':
        of_alice(w, where + 'f', b'data')
        os.utime(w.path(where + 'f'), ns=(1, 2))
        put(w.path(where + '._f'), whole)
    put(w.path('._dir'), apple_double(finder))
    kept = {'._lone': whole, '._cut': whole[:-1], '._other': apple_double(fork=b'mine')}
    plain = {'._plain': b'any file', '._': whole}
    for name, data in {**kept, **plain}.items():
        put(w.path(name), data)
    for name in 'cut', 'other', 'plain':
        of_alice(w, name)
    s = mac(w)
    put_stream(s, 'other' + RESOURCE, b'theirs')
    before = streams(s, 'f')

    def convert(*options):
        out = json.loads(w.server.ctl('apple', 'convert', '--json', *options, 'data',
                                      check=False).stdout)
        return out['converted'], sorted(os.path.basename(p['path']) for p in out['problems'])
    eq(convert('--dry-run'), (4, sorted(kept)))
    eq((get(w.path('._f')), streams(s, 'f')), (whole, before))
    eq(convert(), (4, sorted(kept)))
    eq(convert(), (0, sorted(kept)))
    for where in '', 'dir\\', 'vol\\':
        name = where + 'f'
        path = w.path(name.replace('\\', '/'))
        eq(streams(s, name), {UNNAMED: 4, INFO + ':$DATA': 60, RESOURCE + ':$DATA': len(fork),
                              ':com.apple.quarantine:$DATA': 50, ':user.note:$DATA': 1})
        eq((get_stream(s, name + INFO), get_stream(s, name + ':com.apple.quarantine')),
           (afp_info(finder), b'q' * 50))
        eq(b''.join(get_stream(s, name + RESOURCE, 50000, at)
                    for at in range(0, len(fork), 50000)), fork)
        eq((get(path), os.stat(path).st_mtime_ns), (b'data', 2))
        eq(os.path.exists(f'{os.path.dirname(path)}/._f'), False)
        # the owner may go on with them
        put_stream(s, name + RESOURCE, b'changed')
    eq(get_stream(s, 'dir' + INFO), afp_info(finder))
    eq({name: get(w.path(name)) for name in os.listdir(w.export) if name.startswith('._')},
       {**kept, **plain})
    eq(get_stream(s, 'other' + RESOURCE), b'theirs')
    # the same stream again, as after an interruption
    put(w.path('._f'), apple_double(fork=b'changed'))
    os.unlink(w.path('._other'))
    eq(convert(), (1, ['._cut', '._lone']))
    s.end()


@test(smb=True, squash='none')
def convert_on_file_systems(w):
    """On each file system clients find the streams that were made of AppleDouble files."""
    for share, where in [('data', w.export), *((kind, w.served_volume(kind, kind))
                                               for kind in ('ext4', 'xfs'))]:
        put(f'{where}/f', b'data', 0o666)
        put(f'{where}/._f', apple_double(fork=b'fork'))
        eq(json.loads(w.server.ctl('apple', 'convert', '--json', share))['converted'], 1, share)
        s = mac(w, share=share)
        eq((get_stream(s, 'f' + RESOURCE), os.path.exists(f'{where}/._f')), (b'fork', False))
        s.end()


@test(smb=True, squash='none')
def convert_where_streams_are_seen(w):
    """A share without streams or SMB is refused, and another share in it is left alone."""
    data = apple_double(fork=b'fork')
    os.mkdir(w.path('inner'))
    for where in '', 'inner/':
        put(w.path(where + 'f'), b'data', 0o666)
        put(w.path(where + '._f'), data)
    w.server.add('inner', w.path('inner'), squash='none')
    for option, without, value in ('streams', 'off', 'on'), ('protocols', 'nfs', 'nfs,smb'):
        w.server.ctl('share', 'set', 'data', option, without)
        w.server.refused('apple', 'convert', 'data')
        eq(get(w.path('._f')), data, option)
        w.server.ctl('share', 'set', 'data', option, value)
    out = json.loads(w.server.ctl('apple', 'convert', '--json', 'data', check=False).stdout)
    eq((out['converted'], [os.path.basename(p['path']) for p in out['problems']]), (1, ['inner']))
    eq((os.path.exists(w.path('._f')), get(w.path('inner/._f'))), (False, data))
    eq(json.loads(w.server.ctl('apple', 'convert', '--json', 'inner'))['converted'], 1)
    for share in 'data', 'inner':
        s = mac(w, share=share)
        eq(get_stream(s, 'f' + RESOURCE), b'fork')
        s.end()


@test(smb=True, squash='none')
def convert_tells_what_it_skips(w):
    """What cannot be opened is told and counts as kept; links and other mounts are no problem."""
    deep = w.path('/'.join(20 * ['d']))
    os.makedirs(deep)
    os.symlink('nowhere', w.path('link'))
    os.mkdir(w.path('mount'))
    for where in w.export, deep:
        put(f'{where}/f', b'data', 0o666)
        put(f'{where}/._f', apple_double(fork=b'fork'))
    mount('e2e', w.path('mount'), 'tmpfs', 0, 'mode=777')

    def convert(*before):
        p = w.server_ns.run(*before, tool('dittoctl'), 'apple', 'convert', '--json', 'data',
                            check=False)
        return p.returncode, json.loads(p.stdout)
    # each directory takes two descriptors
    status, out = convert('prlimit', '--nofile=24')
    eq((status, out['converted'], out['kept']), (1, 1, 1))
    eq(os.path.exists(f'{deep}/._f'), True)
    eq([p['path'].endswith('/d') for p in out['problems']], [True])
    status, out = convert()
    eq((status, out['converted'], out['kept']), (0, 1, 0))
    umount(w.path('mount'))


@test(smb=True, squash='none')
def time_machine(w):
    """A backup goes on after its connection was cut, with its bands open and locked as before."""
    os.chmod(w.export, 0o777)
    s = session(w)
    eq(struct.unpack_from('<IIQQQ', negotiate(s))[4] & FULL_SYNC, FULL_SYNC)
    bundle, band = 'mac.sparsebundle', pattern(3, 1 << 20)
    for name in bundle, f'{bundle}\\bands':
        s.close(s.create(name, how=MAKE, options=smb2.DIRECTORY_FILE))
    put_stream(s, f'{bundle}\\Info.plist', b'<key>band-size</key><integer>8388608</integer>')
    token = s.lasting(f'{bundle}\\token', 1)
    s.lock(token.fid, 0, 1)
    bands = [s.lasting(f'{bundle}\\bands\\{i:x}', 2 + i) for i in range(4)]
    for g in bands:
        for at in range(0, len(band), 65536):
            s.write(g.fid, band[at:at + 65536], at)
    full_sync(s, bands[0].fid)
    away(w, s, 5)
    s = session(w)
    negotiate(s)
    token = s.back(token.fid, f'{bundle}\\token', 1, 1)
    bands = [s.back(g.fid, f'{bundle}\\bands\\{i:x}', 2 + i, 2 + i) for i, g in enumerate(bands)]
    eq([g.state for g in bands], [RWH] * 4)
    for g in bands:
        s.write(g.fid, band[::-1][:65536], 7 << 20)
        full_sync(s, g.fid)
        eq(s.read(g.fid, 65536, 65536), band[65536:131072])
    # another Mac cannot take the backup over
    t = session(w, 2)
    number = t.opening(f'{bundle}\\token')
    eq(s.broken()[:3], (key(1), RWH, R | H))
    s.ack(key(1), R | H)
    fid = t.opened(number).fid
    refused('LOCK_NOT_GRANTED', t.lock, fid, 0, 1)
    for g in bands:
        s.close(g.fid)
    eq([os.path.getsize(w.path(f'{bundle}/bands/{i:x}')) for i in range(4)],
       [(7 << 20) + 65536] * 4)
    s.unlock(token.fid, 0, 1)
    t.lock(fid, 0, 1)
    s.end()
    t.end()
    wait_for('claims go', lambda: w.server.claims() == {} or not w.server.json('session', 'list'))


@test(smb=True, locks='raw', squash='none', clients=2, timeout=90)
def time_machine_is_cut(w):
    """A backup that is cut off in a write loses nothing, while NFS reads under delegations."""
    os.chmod(w.export, 0o777)
    s, piece, size = session(w), 1 << 16, 8 << 20
    eq(struct.unpack_from('<IIQQQ', negotiate(s))[4] & FULL_SYNC, FULL_SYNC)
    bundle = 'mac.sparsebundle'
    for name in bundle, f'{bundle}\\bands':
        s.close(s.create(name, how=MAKE, options=smb2.DIRECTORY_FILE))
    bands = [pattern(5 + i, size) for i in range(2)]

    def name_of(i, sep='\\'):
        return sep.join((bundle, 'bands', f'{i:x}'))

    def fill(fid, i, start=0, end=size):
        for at in range(start, end, piece):
            s.write(fid, bands[i][at:at + piece], at)
    done = s.lasting(name_of(0), 1)
    fill(done.fid, 0)
    full_sync(s, done.fid)
    s.close(done.fid)
    reader = Caller(w, w.clients[1])
    folder = reader.s.fh('data', bundle, 'bands')
    opened, fh = reader.s.open(folder, '0', nfs4.READ)
    eq((opened.status, opened.deleg.type), (nfs4.OK, nfs4.DELEG_READ))

    def by_nfs(i, at):
        got = reader.compound(putfh(fh), nfs4.read(opened.stateid, at, piece)).ok()[-1].data
        eq(got, bands[i][at:at + piece])
    half = size // 2
    band = s.lasting(name_of(1), 2)
    fill(band.fid, 1, 0, half)
    full_sync(s, band.fid)
    by_nfs(0, half)
    # some that are not answered, and a part of one
    for at in range(half, half + 8 * piece, piece):
        s.send(smb2.WRITE, bytes(Write(length=piece, offset=at, fid=band.fid)) +
               bands[1][at:at + piece])
    s.socket.sendall(struct.pack('>I', 64 + 48 + piece) + s.header(smb2.WRITE, s.next_id) +
                     bytes(Write(length=piece, offset=half + 8 * piece, fid=band.fid)) + b'cut')
    away(w, s)
    by_nfs(0, 0)
    s = session(w)
    negotiate(s)
    band = s.back(band.fid, name_of(1), 2, 2)
    eq(band.state, RWH)
    for at in range(0, half, piece):
        eq(s.read(band.fid, piece, at), bands[1][at:at + piece])
    fill(band.fid, 1, half)
    full_sync(s, band.fid)
    by_nfs(0, size - piece)
    reader.cb.none(reader.conn)
    # NFS reads what the backup has open, which ends its caching of writes
    asked = threading.Thread(target=lambda: (eq(s.broken()[:3], (key(2), RWH, R | H)),
                                             s.ack(key(2), R | H)))
    asked.start()
    second, other = nfs4.again_while_delayed(
        lambda: reader.s.open(folder, '1', nfs4.READ | nfs4.WANT_NO, own=b'second'),
        lambda r: r[0].status)
    asked.join()
    eq(second.status, nfs4.OK)
    for at in range(0, size, piece):
        eq(reader.compound(putfh(other), nfs4.read(second.stateid, at, piece)).ok()[-1].data,
           bands[1][at:at + piece])
    # and the next backup writes into a band that NFS has cached
    number = s.send(smb2.CREATE, s.body(name_of(0), how=OPEN))
    eq(s.answer(number, pending=True)[0], smb2.PENDING)
    eq(reader.recall().stateid, opened.deleg.stateid)
    reader.give_back(opened.deleg.stateid, fh)
    status, out = s.answer(number)
    eq(status, smb2.OK)
    s.write(out[64:80], b'next', 0)
    s.close(band.fid)
    s.close(out[64:80])
    eq([get(w.path(name_of(i, '/'))) for i in range(2)], [b'next' + bands[0][4:], bands[1]])
    s.end()
    for where, stateid in (fh, opened.stateid), (other, second.stateid):
        reader.compound(putfh(where), nfs4.close(stateid)).ok()
    eq(reader.s.destroy().status, nfs4.OK)
    eq(reader.s.nfs.compound(nfs4.destroy_clientid(reader.s.clientid)).status, nfs4.OK)


@test(smb=True, squash='none')
def size_by_project_quota(w):
    """A project quota on the directory of a share is the size of its volume, and holds backups."""
    where, image = f'{w.base}/backups', f'{w.base}/backups.img'
    os.mkdir(where)
    with open(image, 'wb') as f:
        f.truncate(400 << 20)
    run('mkfs.xfs', '-q', '-K', image)
    loop = run('losetup', '-f', '--show', image).strip()
    mount(loop, where, 'xfs', 0, 'prjquota')
    run('losetup', '-d', loop)
    w.volumes.append(types.SimpleNamespace(umount=lambda: umount(where)))
    os.mkdir(f'{where}/mac')
    os.chmod(f'{where}/mac', 0o777)
    run('xfs_quota', '-x', '-c', f'project -s -p {where}/mac 42', '-c', 'limit -p bhard=16m 42',
        where)
    w.server.add('mac', f'{where}/mac', squash='none')
    s = Smb2(w.client, share='mac')
    n = w.client.nfs(path=f'{where}/mac')
    root, band, piece = s.create('', GENERIC_READ, how=OPEN), s.create('band'), bytes(1 << 16)

    def sizes():
        """Size and free room of the volume for SMB and NFS."""
        total, free, _, sectors, size = struct.unpack_from('<QQQII', s.query(root, FULL_SIZE, 2))
        r = n.fsstat(n.root)
        return total * sectors * size, free * sectors * size, r.tbytes, r.abytes
    eq(sizes(), (16 << 20,) * 4)
    for at in range(0, 8 << 20, len(piece)):
        s.write(band, piece, at)
    full_sync(s, band)
    size, free, *by_nfs = sizes()
    eq((size, by_nfs[0], free <= 8 << 20, by_nfs[1] <= 8 << 20), (16 << 20, 16 << 20, True, True))
    with contextlib.suppress(smb2.Status):
        for at in range(8 << 20, 32 << 20, len(piece)):
            s.write(band, piece, at)
    refused('DISK_FULL', s.write, band, piece, 32 << 20)
    s.end()
