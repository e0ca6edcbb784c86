# SPDX-License-Identifier: GPL-2.0-only
"""SMB and volumes: quotas, snapshots."""
import calendar
import errno
import os
import struct
import time
import types

import nfs3
import rpc
import smb
import smb2
from checks import eq, expect_errno, one_of
from files import get, put
from harness import test
from processes import run
from smb2 import Smb2, refused
from smb_contexts import create_with
from smb_info import symlink_data
from smb_quota import SNAPSHOTS, date_filetime, quotas, sid
from volumes import mount, umount

ALICE = smb.UIDS['alice']
BASIC, FULL_SIZE, CONTROL = 4, 7, 6
FILE_SYSTEM = 2
CREATE_OR_GET_OBJECT_ID = 0x000900c0
LINK = 11


def with_quota(w, limit):
    """Add a share on a file system with user quotas."""
    where, image = f'{w.base}/limited', f'{w.base}/limited.img'
    os.mkdir(where)
    with open(image, 'wb') as f:
        f.truncate(400 << 20)
    run('mkfs.xfs', '-q', '-K', image)
    loop = run('losetup', '-f', '--show', image).strip()
    mount(loop, where, 'xfs', 0, 'uquota')
    run('losetup', '-d', loop)
    w.volumes.append(types.SimpleNamespace(umount=lambda: umount(where)))
    os.chmod(where, 0o777)
    run('xfs_quota', '-x', '-c', f'limit -u bhard={limit} {ALICE}', where)
    w.server.add('limited', where, squash='none')
    return where


@test(smb=True, squash='none')
def quota_of_the_caller(w):
    """Free space is what the user's quota leaves, and at its end the volume is full."""
    limit = 2 << 20
    where = with_quota(w, limit)
    m = w.client.mount_smb(share='limited', opts='cache=none')
    put(f'{m}/some', b'x' * (1 << 20))
    st = os.statvfs(m)
    eq(st.f_bavail * st.f_frsize <= 1 << 20, True, f'{st.f_bavail} blocks')
    with expect_errno(errno.ENOSPC, errno.EDQUOT):
        put(f'{m}/more', b'x' * limit)
    os.unlink(f'{m}/more')
    put(f'{m}/less', b'x' * (512 << 10))
    eq(os.stat(f'{where}/less').st_uid, ALICE)

    for user, some in (('alice', True), ('bob', False)):
        s = Smb2(w.client, user=user, share='limited')
        fid = s.create('', options=1)
        total, mine, free, per, sector = struct.unpack('<QQQII', s.query(fid, FULL_SIZE,
                                                                         FILE_SYSTEM))
        eq((total * per * sector == limit, mine < free), (some, some), user)
        flags = struct.unpack_from('<I', s.query(fid, CONTROL, FILE_SYSTEM), 40)[0]
        eq(flags, 3, 'tracked and enforced')
        s.close(fid)
        s.end()


@test(server='ditto', squash='none')
def quota_over_nfs(w):
    """An exceeded quota is DQUOT in each version, and only for its user."""
    where = with_quota(w, 1 << 20)
    put(f'{where}/full', bytes(1 << 20))
    os.chown(f'{where}/full', ALICE, ALICE)
    put(f'{where}/f', b'', 0o666)
    os.chown(f'{where}/f', ALICE, ALICE)
    cred = rpc.auth_sys(ALICE, ALICE)
    for vers in '3', '4.0', '4.1', '4.2':
        w.vers = vers
        n = w.client.nfs(cred, path=where)
        fh = n.lookup(n.root, 'f').fh
        eq(n.write(fh, 0, bytes(4096)).status, nfs3.DQUOT, f'WRITE of {vers}')
    # other users can write
    n = w.client.nfs(path=where)
    eq(n.create(n.root, 'other').status, nfs3.OK)
    eq(n.write(n.lookup(n.root, 'other').fh, 0, bytes(4096)).status, nfs3.OK)


@test(smb=True, squash='none')
def quota_of_streams(w):
    """Streams are charged to the owner of their file, also after a chown."""
    where = with_quota(w, 2 << 20)
    s = Smb2(w.client, share='limited')
    s.close(s.create('f'))
    fid = s.create('f:big')
    s.write(fid, b'x' * 65536)
    for path, _, files in os.walk(f'{where}/.ditto/streams'):
        for name in [path] * (path[-1] != 's') + [f'{path}/{f}' for f in files]:
            st = os.stat(name)
            eq((st.st_uid, st.st_gid), (ALICE, ALICE), name)
    refused('DISK_FULL', lambda: [s.write(fid, b'x' * 65536, i << 16) for i in range(64)])
    s.close(fid)
    bob = smb.UIDS['bob']
    n = w.client.nfs(path=where)
    eq(n.setattr(n.lookup(n.root, 'f').fh, nfs3.sattr(uid=bob, gid=bob)).status, nfs3.PERM)
    w.server.set('limited', squash='root-to-admin')
    eq(n.setattr(n.lookup(n.root, 'f').fh, nfs3.sattr(uid=bob, gid=bob)).status, nfs3.OK)
    owners = {os.stat(f'{path}/{f}').st_uid for path, _, files in os.walk(f'{where}/.ditto')
              for f in files}
    eq(owners, {bob}, 'the streams went with the file')
    s.end()


@test(smb=True, squash='none')
def quotas_of_users(w):
    """Users query their own quota; share administrators query and set all."""
    limit, none = 2 << 20, 2 ** 64 - 1
    bob = smb.UIDS['bob']
    where = with_quota(w, limit)
    w.server.set('limited', users=[f'{bob}=admin'])
    put(f'{where}/hers', b'x' * (1 << 20))
    os.chown(f'{where}/hers', ALICE, ALICE)

    s = Smb2(w.client, share='limited')
    fid = s.create('', options=1, access=smb2.GENERIC_READ)
    used, soft, hard = quotas(s, fid, ALICE)[ALICE]
    eq((used >= 1 << 20, soft, hard), (True, none, limit))
    refused('ACCESS_DENIED', quotas, s, fid, bob)
    refused('ACCESS_DENIED', quotas, s, fid)
    mine = struct.pack('<IIQQQQ', 0, 16, 0, 0, none, none) + sid(ALICE)
    refused('ACCESS_DENIED', s.set, fid, 0, mine, kind=4)
    refused('INVALID_PARAMETER', s.set, fid, 0, mine[:20], kind=4)
    s.end()

    s = Smb2(w.client, user='bob', share='limited')
    fid = s.create('$Extend\\$Quota:$Q:$INDEX_ALLOCATION', access=smb2.GENERIC_READ)
    eq(struct.unpack('<QQQQI4x', s.query(fid, BASIC)), (0, 0, 0, 0, 0x36))
    eq(sorted(quotas(s, fid, ALICE, bob)), [ALICE, bob])
    listed = quotas(s, fid)
    eq(listed[ALICE], (used, none, limit))
    eq(len(quotas(s, fid, single=True)), 1)
    refused('BUFFER_TOO_SMALL', quotas, s, fid, restart=False, room=40)
    eq(len(quotas(s, fid, restart=False)), len(listed) - 1)
    refused('NO_MORE_ENTRIES', quotas, s, fid, restart=False)
    s.set(fid, 0, struct.pack('<IIQQQQ', 0, 16, 0, 0, 3 << 20, 4 << 20) + sid(ALICE), kind=4)
    eq(quotas(s, fid, ALICE)[ALICE], (used, 3 << 20, 4 << 20))
    s.end()

    out = w.client.run('smbcquotas', '-n', f'//{w.client.server_addr}/limited', '-L',
                       '-U', f'bob%{smb.USERS["bob"]}')
    eq(f'S-1-22-1-{ALICE}' in out and str(4 << 20) in out, True, out)


@test(smb=True, squash='none')
def without_quota(w):
    s = Smb2(w.client)
    fid = s.create('', options=1, access=smb2.GENERIC_READ)
    eq(struct.unpack_from('<QQI', s.query(fid, CONTROL, FILE_SYSTEM), 24),
       (2 ** 64 - 1, 2 ** 64 - 1, 0))
    refused('NOT_SUPPORTED', quotas, s, fid, smb.UIDS['alice'])
    s.end()


@test(smb=True, squash='none')
def no_snapshots(w):
    """Without snapshots the list is empty and not an error."""
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'now', 0o666)
    s = Smb2(w.client)
    fid = s.create('f')
    out = s.ioctl(fid, SNAPSHOTS)
    eq((struct.unpack_from('<III', out), len(out)), ((0, 0, 2), 16))
    refused('INVALID_PARAMETER', s.ioctl, fid, SNAPSHOTS, room=15)
    refused('OBJECT_NAME_NOT_FOUND', create_with, s, 'f',
            {b'TWrp': struct.pack('<Q', 133_000_000_000_000_000)}, smb2.OPEN)
    s.end()


@test(smb=True, squash='none')
def snapshots(w):
    """Directories named by their times are listed and read, and never changed."""
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'now', 0o666)
    for name, data in (('@GMT-2026.01.02-03.04.05', b'old'), ('daily_2025-12-31_23:59:58', b'older'),
                       ('latest', b'no time')):
        os.makedirs(w.path(f'.snap/{name}/dir'))
        put(w.path(f'.snap/{name}/f'), data, 0o666)
        put(w.path(f'.snap/{name}/dir/g'), data * 2, 0o666)
    w.server.ctl('share', 'set', 'data', 'snapshots', '.snap')
    eq(w.server.json('share', 'list')[0]['snapshots'], '.snap')

    s = Smb2(w.client)
    fid = s.create('f')
    eq(struct.unpack_from('<III', s.ioctl(fid, SNAPSHOTS, room=16)), (2, 0, 102))
    out = s.ioctl(fid, SNAPSHOTS)
    eq(struct.unpack_from('<III', out), (2, 2, 102))
    eq(out[12:114].decode('utf-16-le'),
       '@GMT-2026.01.02-03.04.05\0@GMT-2025.12.31-23.59.58\0\0')

    def past(*when):
        return {b'TWrp': struct.pack('<Q', date_filetime(*when))}
    old, _ = create_with(s, 'f', past(2026, 1, 2, 3, 4, 5), smb2.OPEN)
    eq(s.read(old, 100), b'old')
    older, _ = create_with(s, 'dir\\g', past(2025, 12, 31, 23, 59, 58), smb2.OPEN)
    eq(s.read(older, 100), b'olderolder')
    eq(s.read(fid, 100), b'now')
    refused('OBJECT_NAME_NOT_FOUND', create_with, s, 'f', past(2026, 1, 2, 3, 4, 6), smb2.OPEN)
    refused('MEDIA_WRITE_PROTECTED', create_with, s, 'new', past(2026, 1, 2, 3, 4, 5))
    refused('ACCESS_DENIED', s.write, old, b'x')
    # What needs no right is refused, too.
    link = 'live'.encode('utf-16-le')
    refused('MEDIA_WRITE_PROTECTED', s.set, old, LINK,
            struct.pack('<B7xQI', 0, 0, len(link)) + link)
    before = os.stat(w.path('.snap/@GMT-2026.01.02-03.04.05/f'))
    refused('MEDIA_WRITE_PROTECTED', s.ioctl, old, CREATE_OR_GET_OBJECT_ID)
    eq(os.stat(w.path('.snap/@GMT-2026.01.02-03.04.05/f')), before)
    eq(os.path.exists(w.path('live')), False)
    s.set(fid, LINK, struct.pack('<B7xQI', 0, 0, len(link)) + link)
    s.ioctl(fid, CREATE_OR_GET_OBJECT_ID)
    s.end()

    m = w.client.mount_smb(opts=f'snapshot={date_filetime(2026, 1, 2, 3, 4, 5)}')
    eq((get(f'{m}/f'), get(f'{m}/dir/g'), sorted(os.listdir(m))), (b'old', b'oldold', ['dir', 'f']))
    with expect_errno(errno.EROFS, errno.EACCES):
        put(f'{m}/f', b'changed')
    with expect_errno(errno.EROFS, errno.EACCES):
        os.unlink(f'{m}/f')
    eq(get(w.path('.snap/@GMT-2026.01.02-03.04.05/f')), b'old')


@test(smb=True, squash='none')
def links_of_the_past(w):
    """A path through a link of a snapshot goes on behind the link (MS-SMB2 section 2.2.2.2.1)."""
    os.chmod(w.export, 0o777)
    past = w.path('.snap/@GMT-2026.01.02-03.04.05')
    os.makedirs(f'{past}/a/b')
    put(f'{past}/a/b/f', b'old', 0o666)
    os.symlink('b', f'{past}/a/link')
    os.symlink('a', f'{past}/top')
    w.server.ctl('share', 'set', 'data', 'snapshots', '.snap')
    s = Smb2(w.client)
    when = {b'TWrp': struct.pack('<Q', date_filetime(2026, 1, 2, 3, 4, 5))}
    for name, target, rest in (('a\\link\\f', 'b', '\\f'), ('a\\link', 'b', ''),
                               ('top\\link\\f', 'a', '\\link\\f'), ('top\\b\\', 'a', '\\b\\'),
                               ('a\\link\\f:s', 'b', '\\f:s'), ('a\\link:s:$DATA', 'b', ':s:$DATA'),
                               ('a\\link\\f::$DATA', 'b', '\\f::$DATA')):
        refused('STOPPED_ON_SYMLINK', create_with, s, name, when, smb2.OPEN)
        eq(s.frame[80:], symlink_data(target, unparsed=2 * len(rest)), name)
    fid, _ = create_with(s, 'a\\b\\f', when, smb2.OPEN)
    eq(s.read(fid, 9), b'old')
    s.end()


@test(smb=True, squash='none')
def many_snapshots(w):
    """The newest of more snapshots than fit are listed, whatever the order of the directory."""
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'now', 0o666)
    when = [calendar.timegm((2020, 1, 1, 0, 0, 0)) + 3600 * n for n in range(4096 * 2 + 100)]
    # Mixed, because some file systems list in the order of creation.
    for n in range(len(when)):
        t = time.gmtime(when[n * 4099 % len(when)])
        os.makedirs(w.path(time.strftime('.snap/@GMT-%Y.%m.%d-%H.%M.%S', t)))
    w.server.ctl('share', 'set', 'data', 'snapshots', '.snap')
    s = Smb2(w.client)
    out = s.call(smb2.IOCTL, smb2.ioctl_body(s.create('f'), SNAPSHOTS, room=1 << 18), charge=4)[48:]
    s.next_id += 3
    eq(struct.unpack_from('<III', out), (4096, 4096, 4096 * 50 + 2))
    eq(out[12:].decode('utf-16-le').split('\0')[:4096],
       [time.strftime('@GMT-%Y.%m.%d-%H.%M.%S', time.gmtime(t)) for t in reversed(when[-4096:])])
    s.end()
