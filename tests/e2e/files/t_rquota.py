# SPDX-License-Identifier: GPL-2.0-only
"""Disk quotas: what clients are told of them, and what happens at their end."""
import ctypes
import functools
import os
import struct
import time
import types

import daemons
import nfs3
import nfs4
import rpc
from checks import eq, one_of, wait_for
from files import MIB, put
from harness import test
from nfs4 import getattr, putfh
from processes import run
from quotas import (ALICE, BOB, EPERM, GET, GET_ACTIVE, GROUP, NO_QUOTA, OK, PROGRAM, PROJECT,
                    TEAM, USER, WORK, ask, fill, limit, limited, prepare)
from rpc import Enc
from volumes import libc, mount, syscall, umount

wire = functools.partial(test, server='ditto', timeout=60)


def used(device, kind, number):
    """Bytes in use."""
    block = ctypes.create_string_buffer(72)
    syscall(libc.quotactl(0x800007 << 8 | kind, device.encode(), number, block), 'quotactl')
    return struct.unpack_from('<QQQ', block)[2]


def reported(w, kind):
    where, device = limited(w, kind)
    limit(device, USER, ALICE, 3 * MIB, 4 * MIB, files=100)
    limit(device, GROUP, TEAM, 0, 1 << 42)
    limit(device, PROJECT, WORK, 0, 8 * MIB)
    fill(f'{where}/f', ALICE, MIB, TEAM)
    for proto in ('tcp', 'udp'):
        c = w.client.connect(proto)
        for version in (None, USER):
            for path in ('limited', '/limited', where, f'{where}/work', '/limited/work'):
                r = ask(c, path, ALICE, version)
                eq((r.status, r.size, r.active), (OK, 1024, 1), path)
                eq((r.hard, r.soft, r.files_hard, r.left), (4096, 3072, 100, 0))
                one_of(r.used, range(1024, 1100))
                eq(r.files, 1)
        eq(ask(c, where, BOB).status, NO_QUOTA if kind == 'xfs' else OK)
    # others are asked for by root only if it is an administrator here
    eq(ask(c, where, ALICE, cred=rpc.auth_sys(BOB, BOB)).status, EPERM)
    eq(ask(c, where, ALICE, cred=rpc.ROOT).status, EPERM)
    member, stranger = rpc.auth_sys(BOB, BOB, (TEAM,)), rpc.auth_sys(BOB, BOB)
    r = ask(c, where, TEAM, GROUP, member)
    eq((r.status, r.size * r.hard, r.soft), (OK, 1 << 42, 0), 'more than 32 bits of KiB')
    eq(r.hard < 1 << 31, True)
    eq(ask(c, where, TEAM, GROUP, stranger).status, EPERM)
    r = ask(c, f'{where}/work', WORK, PROJECT, stranger)
    eq((r.status, r.hard), (OK, 8192))
    eq(ask(c, where, WORK, PROJECT, stranger).status, EPERM, 'of another directory')
    eq(ask(c, where, 0, PROJECT, stranger).status, EPERM)
    w.server.set('limited', squash='root-to-admin')
    eq((ask(c, where, ALICE, cred=rpc.ROOT).hard, ask(c, where, WORK, PROJECT, rpc.ROOT).hard),
       (4096, 8192))
    # the one that limits the caller is that of whom he acts as
    w.server.set('limited', squash='all-to-guest', anon=(ALICE, ALICE))
    eq(ask(c, where, BOB).hard, 4096)
    # what is exceeded has a time
    w.server.set('limited', squash='none')
    limit(device, USER, ALICE, MIB // 2, 4 * MIB)
    put(f'{where}/g', b'x')
    os.chown(f'{where}/g', ALICE, ALICE)
    one_of(ask(c, where, ALICE).left, range(1, 8 * 86400))


@wire
def on_ext4(w):
    """Limits and usage, of users, groups and projects, to whom they concern."""
    reported(w, 'ext4')


@wire
def on_xfs(w):
    reported(w, 'xfs')


@wire
def refused(w):
    """Callers that no share admits, paths that are none, and arguments that make no sense."""
    c = w.client.connect(src_port=0)
    eq(c.port() > 1023, True, 'programs of users have no reserved port')
    for path in ('data', '', 'nosuch', '/', w.path('nosuch'), f'{w.export}/../data', 'data\0x'):
        one_of(ask(c, path, ALICE).status, (NO_QUOTA, EPERM), path)
    eq(ask(c, 'data', ALICE, kind=3).status, NO_QUOTA)
    eq(ask(c, 'data', ALICE, kind=1 << 31).status, NO_QUOTA)
    eq(ask(c, 'data', ALICE, proc=GET_ACTIVE).status, NO_QUOTA)
    args = Enc().opaque(b'd' * 1025).u32(0).bytes()
    eq(c.call(PROGRAM, 1, GET, args).stat, rpc.GARBAGE_ARGS)
    for version, whole in ((1, Enc().opaque(b'data').u32(0)),
                           (2, Enc().opaque(b'data').u32(0, 0))):
        for cut in range(0, len(whole.bytes()), 4):
            eq(c.call(PROGRAM, version, GET, whole.bytes()[:cut]).stat, rpc.GARBAGE_ARGS)
        eq(c.call(PROGRAM, version, 0).stat, rpc.SUCCESS)
        eq(c.call(PROGRAM, version, 3).stat, rpc.PROC_UNAVAIL, 'SETQUOTA')
    r = c.call(PROGRAM, 3, 0)
    eq((r.stat, r.low, r.high), (rpc.PROG_MISMATCH, 1, 2))
    # a flavour that the share does not accept, and a machine that it does not admit
    w.server.set('data', sec=['krb5'])
    r = c.call(PROGRAM, 1, GET, Enc().opaque(b'data').u32(0).bytes())
    eq(r.stat, rpc.AUTH_ERROR)
    # another share admits the machine: it does not learn which ones do not
    os.mkdir(f'{w.base}/other')
    w.server.add('other', f'{w.base}/other')
    w.server.set('data', sec=['sys'], allow=['192.0.2.1=rw'])
    eq({ask(c, path, ALICE).status for path in ('data', 'nosuch')}, {NO_QUOTA})
    w.server.delete('other')
    r = c.call(PROGRAM, 1, GET, Enc().opaque(b'data').u32(0).bytes())
    eq(r.stat, rpc.AUTH_ERROR)


@wire
def free_space(w):
    """Free space and files are what the caller's quota leaves, and that of the project."""
    for kind in ('ext4', 'xfs'):
        where, device = limited(w, kind, kind)
        limit(device, USER, ALICE, 2 * MIB, 4 * MIB, files=10)
        limit(device, PROJECT, WORK, 0, 8 * MIB)
        fill(f'{where}/f', ALICE, MIB)
        cred = rpc.auth_sys(ALICE, ALICE)
        n = w.client.nfs(cred, path=where)
        r, other = n.fsstat(n.root), n.as_user(rpc.auth_sys(BOB, BOB)).fsstat(n.root)
        one_of(r.abytes, range(2 * MIB, 3 * MIB + 1), kind)
        eq((r.afiles, r.abytes < r.fbytes, r.tbytes > 100 * MIB), (9, True, True))
        eq((other.abytes > 100 * MIB, other.afiles > 10), (True, True))
        r = n.as_user(rpc.auth_sys(BOB, BOB)).fsstat(n.lookup(n.root, 'work').fh)
        eq((r.tbytes, r.abytes <= 8 * MIB), (8 * MIB, True), f'project of {kind}')
        c = nfs4.Session.make(nfs4.connect(w.client), cred=cred)
        a = c.compound(putfh(c.fh(kind)), getattr(
            'space_avail', 'files_avail', 'files_free', 'quota_avail_hard', 'quota_avail_soft',
            'quota_used')).ok()[-1].attrs
        one_of(a['quota_used'], range(MIB, 2 * MIB))
        eq(a['quota_avail_hard'], 4 * MIB - a['quota_used'])
        eq(a['quota_avail_soft'], 2 * MIB - a['quota_used'])
        eq((a['space_avail'] <= a['quota_avail_hard'], a['files_avail']), (True, 9))
        eq(a['files_free'] > 9, True)


@wire
def exceeded(w):
    """The end of a quota is DQUOT in each version, on each file system that has some."""
    shares = {}
    for kind in ('ext4', 'xfs'):
        where, device = limited(w, kind, kind)
        limit(device, USER, ALICE, 0, MIB)
        limit(device, PROJECT, WORK, 0, MIB)
        shares[where] = nfs3.DQUOT
        # of a project, xfs says that its file system is full
        shares[f'{where}/work'] = nfs3.NOSPC if kind == 'xfs' else nfs3.DQUOT
    image = w.volume(f'{w.base}/btrfs', 'btrfs')
    run('btrfs', 'quota', 'enable', image.where)
    run('btrfs', 'subvolume', 'create', f'{image.where}/sub')
    run('btrfs', 'qgroup', 'limit', '1M', f'{image.where}/sub')
    os.chmod(f'{image.where}/sub', 0o777)
    w.server.add('btrfs', image.where, squash='none')
    shares[f'{image.where}/sub'] = nfs3.DQUOT
    for path, want in shares.items():
        user = BOB if path.endswith('/work') else ALICE
        cred = rpc.auth_sys(user, user)
        for vers in '3', '4.0', '4.1', '4.2':
            w.vers = vers
            n = w.client.nfs(cred, path=path)
            fh = n.create(n.root, f'f{vers}').fh
            # btrfs gives back what it has reserved too much at its next commit.
            for at in range(64):
                got = n.write(fh, at * 65536, os.urandom(65536)).status
                if got:
                    break
            eq(got, want, f'{path} {vers}')
            eq(n.remove(n.root, f'f{vers}').status, nfs3.OK)
            os.sync()
    w.vers = '3'


@wire
def without_their_own(w):
    """overlayfs and tmpfs report no quotas; those of the upper layer bound what users write."""
    where, device = prepare(w, 'ext4', f'{w.base}/layers')
    w.volumes.append(types.SimpleNamespace(umount=lambda: umount(where)))
    limit(device, USER, ALICE, 0, MIB)
    limit(device, GROUP, TEAM, 0, MIB)
    layers = [f'{where}/{name}' for name in 'luw']
    for layer in layers:
        os.mkdir(layer)
        os.chmod(layer, 0o777)
    over = f'{w.base}/over'
    os.mkdir(over)
    mount('e2e', over, 'overlay', 0, 'lowerdir={},upperdir={},workdir={},nfs_export=on,index=on'
          .format(*layers))
    w.volumes.append(types.SimpleNamespace(umount=lambda: umount(over)))
    w.server.add('over', over, squash='none')
    w.server.set('data', squash='none')
    cred = rpc.auth_sys(ALICE, ALICE)
    c = w.client.connect()
    for path in ('over', 'data'):
        for kind in None, USER, GROUP:
            eq(ask(c, path, ALICE, kind).status, NO_QUOTA, path)
    s = nfs4.Session.make(nfs4.connect(w.client), cred=cred)
    for name in ('over', 'data'):
        a = s.compound(putfh(s.fh(name)), getattr('quota_avail_hard', 'quota_used')).ok()[-1]
        eq(a.attrs, {}, name)
    for vers in '3', '4.0', '4.1', '4.2':
        w.vers = vers
        for who in (cred, rpc.auth_sys(BOB, TEAM)):
            n = w.client.nfs(who, path=over)
            fh = n.create(n.root, f'f{vers}').fh
            got = [n.write(fh, i * 65536, os.urandom(65536)).status for i in range(32)]
            eq((got[0], got[-1]), (nfs3.OK, nfs3.DQUOT), vers)
            eq(n.remove(n.root, f'f{vers}').status, nfs3.OK)
            # overlayfs closes its file on the upper layer by a work item of the kernel.
            wait_for('the end of the file', lambda: not used(device, USER, ALICE) and
                     not used(device, GROUP, TEAM))
    w.vers = '3'


def registered(w):
    """Programs find the protocol by the machine's rpcbind."""
    conn = w.client.connect(port=111)
    found = daemons.getport(conn, PROGRAM, 1, 'tcp') and daemons.getport(conn, PROGRAM, 2, 'tcp')
    conn.close()
    return found


@test(server='ditto', locks='raw', timeout=120)
def by_the_program(w):
    """quota(1) of a client shows users, groups and projects, whatever version of NFS is mounted."""
    where, device = limited(w, 'ext4')
    w.server.set('limited', squash='root-to-admin')
    limit(device, USER, ALICE, 3 * MIB, 4 * MIB, files=100)
    limit(device, GROUP, TEAM, 0, 1 << 42)
    limit(device, PROJECT, WORK, 0, 8 * MIB)
    fill(f'{where}/f', ALICE, MIB, TEAM)
    wait_for('the program to be registered', lambda: registered(w))

    def shown(at, *args, user=0, groups=()):
        """(KiB used, soft, hard, end), (files used, soft, hard, end), as a user sees them."""
        out = run('quota', '-v', '-w', '-p', *args, '--filesystem', at, ns=w.client, check=False,
                  user=user, group=user, extra_groups=groups).stdout
        got = out.splitlines()[-1].split()
        eq((len(got), got[0].startswith(w.client.server_addr)), (9, True), out)
        return got[1:5], got[5:]
    for vers in '3', '4.2':
        m = w.client.mount(where, vers=vers)
        blocks, files = shown(m, user=ALICE)
        one_of(int(blocks[0]), range(1024, 1100))
        eq((blocks[1:], files), (['3072', '4096', '0'], ['1', '100', '100', '0']), vers)
        eq(shown(m, '-u', str(ALICE)), (blocks, files), 'an administrator asks')
        eq(shown(m, '-g', str(TEAM), user=BOB, groups=[TEAM])[0][2], str(1 << 32), vers)
        eq(shown(m, '-P', str(WORK))[0][2], '8192', vers)
    # what is exceeded is marked, and has an end
    limit(device, USER, ALICE, MIB // 2, 4 * MIB)
    fill(f'{where}/g', ALICE, 4096)
    blocks, _ = shown(m, user=ALICE)
    eq((blocks[0][-1], int(blocks[3]) > time.time()), ('*', True))
