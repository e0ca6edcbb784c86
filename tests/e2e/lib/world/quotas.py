# SPDX-License-Identifier: GPL-2.0-only
"""Disk quotas: file systems that have them, and how clients ask for them (rpc.rquotad)."""
import ctypes
import os
import struct
import types

import rpc
from checks import eq
from files import put
from processes import run
from rpc import Dec, Enc
from volumes import libc, mount_image, syscall, umount

PROGRAM, GET, GET_ACTIVE = 100011, 1, 2
OK, NO_QUOTA, EPERM = 1, 2, 3
USER, GROUP, PROJECT = 0, 1, 2
ALICE, BOB, TEAM, WORK = 1001, 1002, 500, 42
OPTIONS = {'ext4': 'usrquota,grpquota,prjquota', 'xfs': 'uquota,gquota,pquota'}
MAKE = {'ext4': ['-q', '-F', '-O', 'quota,project', '-E', 'quotatype=usrquota:grpquota:prjquota'],
        'xfs': ['-q', '-K']}


def limit(device, kind, number, soft, hard, files=0):
    """Set limits, in bytes, and the number of files."""
    size = 1024
    block = struct.pack('<QQQQQQQQI4x', hard // size, soft // size, 0, files, files, 0, 0, 0,
                        1 | 4)
    syscall(libc.quotactl(0x800008 << 8 | kind, device.encode(), number,
                          ctypes.create_string_buffer(block, len(block))), 'quotactl')


def prepare(w, kind, where):
    """Mount a file system that counts users, groups and projects; returns the path and device."""
    image = f'{w.base}/{os.path.basename(where)}.img'
    os.mkdir(where)
    with open(image, 'wb') as f:
        f.truncate(400 << 20)
    run(f'mkfs.{kind}', *MAKE[kind], image)
    loop = mount_image(image, where, kind, OPTIONS[kind])
    os.chmod(where, 0o777)
    os.makedirs(f'{where}/work/deep')
    run('chattr', '-R', '-p', str(WORK), '+P', f'{where}/work')
    os.chmod(f'{where}/work', 0o777)
    return where, loop


def limited(w, kind, name='limited'):
    """Serve such a file system; returns the same."""
    where, loop = prepare(w, kind, f'{w.base}/{name}')
    w.volumes.append(types.SimpleNamespace(umount=lambda: umount(where)))
    w.server.add(name, where, squash='none')
    return where, loop


def ask(c, path, number, kind=None, cred=None, proc=GET):
    """GETQUOTA of version 1, or with a kind of version 2."""
    enc = Enc().opaque(path.encode())
    if kind is not None:
        enc.u32(kind)
    reply = c.call(PROGRAM, 1 if kind is None else 2, proc, enc.u32(number).bytes(),
                   cred=cred or rpc.auth_sys(number, number))
    eq(reply.stat, rpc.SUCCESS)
    d = Dec(reply.body)
    r = types.SimpleNamespace(status=d.u32())
    if r.status == OK:
        r.size, r.active, r.hard, r.soft, r.used = (d.u32() for _ in range(5))
        r.files_hard, r.files_soft, r.files, r.left, r.files_left = (d.u32() for _ in range(5))
    d.end()
    return r


def fill(path, owner, size, group=None):
    put(path, bytes(size))
    os.chown(path, owner, owner if group is None else group)
    os.sync()
