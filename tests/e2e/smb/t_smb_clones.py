# SPDX-License-Identifier: GPL-2.0-only
"""SMB: data that the server copies, clones or reads by a token (MS-FSCC section 2.3)."""
import os
import struct

import smb2
from checks import eq
from files import get, pattern, put
from harness import test
from smb_copy import (COPYCHUNK, DUPLICATE, DUPLICATE_EX, RESUME_KEY, offload_read, offload_write,
                      settle)
from smb_info import END_OF_FILE, GET_INTEGRITY, SET_INTEGRITY, fresh, session


@test(smb=True, squash='none', fs='xfs')
def copies_by_the_server(w):
    s = session(w)
    data = pattern(1, 60000)
    source, target = fresh(s, 'from', data), fresh(s, 'to')
    key = s.ioctl(source, RESUME_KEY)[:24]

    def copy(*chunks):
        return struct.unpack('<III', s.ioctl(
            target, COPYCHUNK, key + struct.pack('<II', len(chunks), 0) +
            b''.join(struct.pack('<QQII', *c, 0) for c in chunks)))

    eq(copy((0, 0, 40000), (40000, 40000, 20000)), (2, 0, 60000))
    eq(get(w.path('to')) == data, True)
    smb2.refused('0xc000001f', copy, (50000, 0, 20000))
    smb2.refused('INVALID_PARAMETER', copy, (0, 0, 2 << 20))
    key = bytes(24)
    smb2.refused('OBJECT_NAME_NOT_FOUND', copy, (0, 0, 1))
    # macOS asks the share's root for a key, and copies nothing by the server without one.
    root = s.create('', options=smb2.DIRECTORY_FILE, how=smb2.OPEN)
    key = s.ioctl(root, RESUME_KEY)[:24]
    eq(key != bytes(24), True)
    smb2.refused('INVALID_DEVICE_REQUEST', copy, (0, 0, 1))
    s.end()


@test(smb=True, squash='none', fs='xfs')
def integrity_before_clones(w):
    """Where blocks can be shared, files have no checksums of their own, and cannot get any."""
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


@test(smb=True, squash='none', fs='tmpfs')
def integrity_without_clones(w):
    s = session(w)
    f = fresh(s, 'f')
    smb2.refused('INVALID_DEVICE_REQUEST', s.ioctl, f, GET_INTEGRITY)
    smb2.refused('INVALID_DEVICE_REQUEST', s.ioctl, f, SET_INTEGRITY, bytes(8))
    s.end()


@test(smb=True, squash='none', fs='xfs')
def clones(w):
    """cp --reflink through the kernel's client shares the blocks."""
    os.chmod(w.export, 0o777)
    data = pattern(2, 8 << 20)
    where = w.client.mount_smb()
    put(f'{where}/f', data)
    os.sync()
    before = os.statvfs(w.export)
    w.client.run('cp', '--reflink=always', f'{where}/f', f'{where}/clone')
    os.sync()
    after = os.statvfs(w.export)
    eq(get(w.path('clone')) == data, True)
    eq((before.f_bfree - after.f_bfree) * after.f_frsize < 1 << 20, True, 'no blocks of its own')
    put(f'{where}/clone', b'other', 0o644)
    eq(get(w.path('f')) == data, True)

    s = smb2.Smb2(w.client)
    source, target = s.create('f', access=smb2.GENERIC_ALL), fresh(s, 'short')
    clone = struct.pack('<16sQQQ', source, 0, 0, 4096)
    s.ioctl(target, DUPLICATE, clone)
    eq(get(w.path('short')), b'', 'it does not grow')
    s.set(target, END_OF_FILE, struct.pack('<Q', 4096))
    s.ioctl(target, DUPLICATE, clone)
    eq(get(w.path('short')) == data[:4096], True)
    smb2.refused('NOT_SUPPORTED', s.ioctl, source, DUPLICATE,
                 struct.pack('<16sQQQ', source, 0, 4096, 8192))

    def extended(flags=0, size=0x30):
        return struct.pack('<Q16sQQQII', size, source, 4096, 0, 4096, flags, 0)
    s.ioctl(target, DUPLICATE_EX, extended())
    eq(get(w.path('short')) == data[4096:8192], True)
    # all or nothing is not promised
    smb2.refused('NOT_SUPPORTED', s.ioctl, target, DUPLICATE_EX, extended(1))
    for wrong in extended(size=56), extended()[:-1]:
        smb2.refused('INVALID_PARAMETER', s.ioctl, target, DUPLICATE_EX, wrong)
    put(w.path('short'), bytes(4096))
    s.ioctl(target, DUPLICATE_EX, extended(2))
    eq(get(w.path('short')) == data[4096:8192], True, 'flags that are unknown are ignored')
    s.end()


@test(smb=True, squash='none', fs='xfs')
def clones_of_clusters(w):
    """The last range of a file ends behind its end; the errors of MS-FSCC section 2.3.10."""
    data, other = pattern(2, 8192), w.served_volume('other', 'tmpfs', squash='none')
    s = session(w)
    trees = s.connect(w.client.server_addr, 'other'), s.tree
    s.tree = trees[0]
    far, near = fresh(s, 'far', data), fresh(s, 'near', data)
    s.tree = trees[1]
    source, target = fresh(s, 'f', data[:5000]), fresh(s, 'clone')
    s.set(target, END_OF_FILE, struct.pack('<Q', 5000))

    def clone(*args, to=target, by=source):
        s.ioctl(to, DUPLICATE, by + struct.pack('<QQQ', *args))
    clone(0, 0, 8192)
    eq(get(w.path('clone')) == data[:5000], True)
    clone(8192, 8192, 0)
    for args in (0, 0, 12288), (4096, 0, 8192), (8192, 0, 4096):
        smb2.refused('NOT_SUPPORTED', clone, *args)
    smb2.refused('INVALID_PARAMETER', clone, 1, 0, 4096)
    smb2.refused('INVALID_HANDLE', clone, 0, 0, 4096, by=bytes(16))
    smb2.refused('INVALID_PARAMETER', clone, 0, 0, 4096, by=far)
    s.tree = trees[0]
    smb2.refused('INVALID_DEVICE_REQUEST', clone, 0, 0, 4096, to=near, by=far)
    smb2.refused('INVALID_PARAMETER', clone, 0, 0, 4096, to=near)
    eq((get(f'{other}/near') == data, get(w.path('clone')) == data[:5000]), (True, True))
    s.end()


@test(smb=True, squash='none')
def offloaded(w):
    """Tokens stand for what is in a file, for its own session, and until the file changes."""
    s, data = session(w), pattern(3, 100000)
    source, target = fresh(s, 'f', data[:50000]), fresh(s, 'to')
    s.write(source, data[50000:], 50000)
    s.set(target, END_OF_FILE, struct.pack('<Q', len(data)))
    settle()
    whole, token = offload_read(s, source, 0, 1 << 20)
    eq((whole, token[:8]), (100352, b'DITT\0\0\x01\xf8'))
    eq(offload_write(s, target, token, 0, whole), whole)
    eq(get(w.path('to')) == data, True, 'a copy, which does not grow')
    # a part of the token's range to another place; behind the end of the source are zeros
    s.set(target, END_OF_FILE, struct.pack('<Q', 200000))
    eq(offload_write(s, target, token, 102400, 4096, skip=512), 4096)
    eq(offload_write(s, target, token, 150528, 1 << 20, skip=99840), 512)
    copied = get(w.path('to'))
    eq(copied[102400:106496] == data[512:4608], True)
    eq(copied[150528:151040] == data[99840:] + bytes(352), True)
    # the well-known token for zeros
    zeros = struct.pack('>IHH', 0xffff0001, 0, 504) + bytes(504)
    eq(offload_write(s, target, zeros, 512, 1024), 1024)
    eq(get(w.path('to'))[:2048] == data[:512] + bytes(1024) + data[1536:2048], True)
    # wrong arguments
    for pos, count in (1, 512), (0, 511), (0, 0), (1 << 63, 512):
        smb2.refused('INVALID_PARAMETER', offload_read, s, source, pos, count)
        smb2.refused('INVALID_PARAMETER', offload_write, s, target, token, pos, count)
    smb2.refused('INVALID_PARAMETER', offload_write, s, target, token, 0, 512, 1)
    smb2.refused('INVALID_PARAMETER', offload_write, s, target, token, 0, 512, 1 << 20)
    smb2.refused('END_OF_FILE', offload_read, s, source, 100352, 512)
    smb2.refused('END_OF_FILE', offload_write, s, target, token, 200192, 512)
    # a token that was changed, one of another session, one of a file that changed or was closed
    for at in 0, 8, 32, 40, 64, 95:
        wrong = bytearray(token)
        wrong[at] ^= 1
        smb2.refused('0xc0000465', offload_write, s, target, bytes(wrong), 0, 512)
    other = smb2.Smb2(w.client)
    mine = other.create('to', access=smb2.GENERIC_ALL)
    smb2.refused('0xc0000465', offload_write, other, mine, token, 0, 512)
    other.end()
    smb2.refused('0xc000a2a4', offload_write, s, source, token, 0, 4096, 512)
    s.write(source, b'changed')
    smb2.refused('0xc0000465', offload_write, s, target, token, 0, 512)
    settle()
    token = offload_read(s, source, 0, 512)[1]
    eq(offload_write(s, target, token, 0, 512), 512)
    s.close(source)
    smb2.refused('0xc0000465', offload_write, s, target, token, 0, 512)
    s.end()
