# SPDX-License-Identifier: GPL-2.0-only
"""Lists that Samba has stored with files: obeyed if the share says so, and imported."""
import json
import os
import pty
import re
import signal
import struct
import subprocess

import nfs3
import rpc
import smb
from ad_domain import INSIDE, tree
from checks import eq, wait_for
from files import get, put
from harness import test
from identity_config import mapped
from processes import as_user, run
from servers import tool
from smb_acl import READ_DATA, WRITE_DATA, may, session, smbcacls, text
from volumes import MNT_DETACH, mount, umount

XATTR, OURS = 'security.NTACL', 'trusted.ditto.acl'
ALICE, BOB = smb.UIDS['alice'], smb.UIDS['bob']

CONF = """[global]
server role = standalone server
passdb backend = tdbsam:%(dir)s/passdb.tdb
state directory = %(dir)s
private dir = %(dir)s
cache directory = %(dir)s
lock directory = %(dir)s
pid directory = %(dir)s
log file = %(dir)s/log
[checked]
path = %(path)s
vfs objects = acl_xattr
[always]
path = %(path)s
vfs objects = acl_xattr
acl_xattr:ignore system acls = yes
"""

# Stores lists as smbd does: arguments are a service, and pairs of a file and a list as SDDL.
STORE = """
import sys
from samba import ntacls, param
from samba.auth_util import system_session_unix
from samba.samba3 import param as s3param
conf, service, pairs = sys.argv[1], sys.argv[2], sys.argv[3:]
lp = param.LoadParm()
lp.load(conf)
s3param.get_context().load(conf)
session = system_session_unix()
for path, sddl in zip(pairs[::2], pairs[1::2]):
    ntacls.setntacl(lp, path, sddl, 'S-1-5-21-1-2-3', session, use_ntvfs=service == 'raw',
                    service=service)
"""


def samba(w, service, **lists):
    """Let Samba store a list with each file: 'checked', 'always', or 'raw' for version 1."""
    folder = f'{w.base}/samba'
    if not os.path.isdir(folder):
        os.makedirs(f'{folder}/run')
        put(f'{folder}/smb.conf', CONF % {'dir': folder, 'path': w.export})
    words = [word for name, sddl in lists.items() for word in (w.path(name), sddl)]
    run('unshare', '-m', 'sh', '-c', INSIDE, tree(), f'{folder}/run', '/usr/bin/python3', '-c',
        STORE, f'{folder}/smb.conf', service, *words)


def sddl(*entries, owner=ALICE):
    return f'O:S-1-22-1-{owner}G:S-1-22-2-{owner}D:P' + ''.join(
        f'({kind};{flags};{mask};;;{who})' for kind, flags, mask, who in entries)


def allow(who, mask='0x001f01ff', flags=''):
    return 'A', flags, mask, f'S-1-22-1-{who}'


def made(w, name, mode=0o640, owner=ALICE):
    put(w.path(name), b'data', mode)
    os.chown(w.path(name), owner, owner)


def source(w, name):
    return w.server.json('acl', 'show', w.path(name))['source']


def obey(w, how):
    w.server.ctl('share', 'set', 'data', 'samba-acl', how)


def reads(w, name, uid):
    n = w.client.nfs(rpc.auth_sys(uid, uid))
    return n.read(n.lookup(n.root, name).fh, 0, 9).status == nfs3.OK


@test(smb=True, squash='none', timeout=90)
def obeyed(w):
    """A list of Samba is obeyed by NFS and SMB while owner, mode and POSIX ACL are its own."""
    made(w, 'f')
    os.mkdir(w.path('d'), 0o755)
    os.chown(w.path('d'), ALICE, ALICE)
    denied = 'D', '', 'FW', f'S-1-22-1-{BOB}'
    samba(w, 'checked', f=sddl(denied, allow(ALICE), allow(BOB, 'FR'), allow(4444, 'FR')),
          d=sddl(allow(ALICE, flags='OICI'), allow(BOB, 'FRFX', 'OICI')))
    kept = os.getxattr(w.path('f'), XATTR)
    eq(struct.unpack_from('<H', kept)[0], 4, 'the version of the attribute')
    s = session(w, 'bob')
    # Samba has set a POSIX ACL, too
    eq([source(w, name) for name in ('f', 'd')], ['posix-acl'] * 2)
    obey(w, 'checked')
    eq([source(w, name) for name in ('f', 'd')], ['samba'] * 2)
    eq([may(s, 'f', access) for access in (READ_DATA, WRITE_DATA)], [True, False])
    eq([reads(w, 'f', uid) for uid in (ALICE, BOB, 4444, 5555)], [True, True, True, False])
    shown = smbcacls(w, 'f')
    for one in (f'{text("bob")}:1/', f'{text("alice")}:0/', 'S-1-22-1-4444:0/'):
        assert f'ACL:{one}' in shown, shown
    mounted = w.client.mount(vers='4.1')
    shown = as_user(ALICE, lambda: run('nfs4_getfacl', f'{mounted}/f'))
    assert re.search(f'D::(bob|{BOB})(@[^:]*)?:.*w', shown) and 'A::4444' in shown, shown
    # what is created in the directory inherits, and has a list of ours
    alice = session(w)
    alice.close(alice.create('d\\new'))
    eq(source(w, 'd/new'), 'stored')
    assert f'ACL:{text("bob")}:0/' in smbcacls(w, 'd\\new', who='bob')
    # a local chmod outdates the list; the log tells that
    os.chmod(w.path('f'), 0o600)
    eq(source(w, 'f'), 'posix-acl')
    assert f'its {XATTR} is not obeyed' in run('dmesg')
    obey(w, 'always')
    eq((source(w, 'f'), reads(w, 'f', BOB)), ('samba', True))
    # ours takes its place, and Samba's attribute stays
    smbcacls(w, 'f', '--add', f'ACL:S-1-22-1-5555:0/0/0x00120089')
    eq((source(w, 'f'), reads(w, 'f', 5555)), ('stored', True))
    eq(os.getxattr(w.path('f'), XATTR), kept)
    obey(w, 'off')
    eq(source(w, 'f'), 'stored')


@test(smb=True, squash='none', timeout=90)
def versions(w):
    """Lists that belong to no mode are obeyed only if the share says so; damaged ones deny."""
    for name in ('v1', 'v3', 'damaged'):
        made(w, name)
    samba(w, 'raw', v1=sddl(allow(ALICE), allow(BOB, 'FR')))
    samba(w, 'always', v3=sddl(allow(ALICE), allow(BOB, 'FR')))
    eq([struct.unpack_from('<H', os.getxattr(w.path(name), XATTR))[0] for name in ('v1', 'v3')],
       [1, 3])
    os.setxattr(w.path('damaged'), XATTR, os.getxattr(w.path('v1'), XATTR)[:-4])
    obey(w, 'checked')
    eq([source(w, name) for name in ('v1', 'v3', 'damaged')], ['mode', 'mode', 'damaged'])
    eq(reads(w, 'v1', BOB), False)
    obey(w, 'always')
    eq([source(w, name) for name in ('v1', 'v3', 'damaged')], ['samba', 'samba', 'damaged'])
    eq([reads(w, name, BOB) for name in ('v1', 'v3', 'damaged')], [True, True, False])


def imports(w, *words):
    """Run an import. Returns its exit status and what it tells."""
    p = w.server.ctl('acl', 'import', *words, '--json', w.export, check=False)
    return p.returncode, json.loads(p.stdout)


@test(smb=True, squash='none', timeout=90)
def imported(w):
    """A tree of lists becomes a tree of ours, file by file, and nothing else."""
    os.makedirs(w.path('d/deep'))
    os.makedirs(f'{w.base}/outside')
    outside = put(f'{w.base}/outside/f', b'', 0o640)
    for name in ('f', 'd/deep/g', 'changed', 'v1', 'damaged', 'plain'):
        made(w, name)
    mine = sddl(allow(ALICE), allow(BOB, 'FR'))
    samba(w, 'checked', **{name: mine for name in ('f', 'd/deep/g', 'changed')},
          d=sddl(allow(ALICE, flags='OICI'), allow(BOB, 'FRFX')))
    samba(w, 'raw', v1=mine)
    os.chmod(w.path('changed'), 0o604)
    value = os.getxattr(w.path('v1'), XATTR)
    os.setxattr(w.path('damaged'), XATTR, value[:-4])
    os.setxattr(outside, XATTR, value)
    os.symlink(f'{w.base}/outside', w.path('link'))
    os.mkdir(w.path('other'))
    mount(f'{w.base}/outside', w.path('other'), '', 4096)  # MS_BIND
    try:
        before = os.getxattr(w.path('f'), XATTR)
        status, told = imports(w, '--dry-run')
        eq((status, told['complete'], told['results']['stored']), (1, True, 3))
        eq(OURS in os.listxattr(w.path('f')), False)
        status, told = imports(w)
        eq((status, told['results']['stored'], told['results']['stale'],
            told['results']['unproven'], told['results']['damaged'], told['failed']),
           (1, 3, 1, 1, 1, 0), told)
        eq(sorted(os.path.relpath(p['path'], w.export) for p in told['problems']),
           ['changed', 'damaged', 'v1'])
        eq([source(w, name) for name in ('f', 'd/deep/g', 'd', 'changed', 'plain')],
           ['stored'] * 3 + ['posix-acl', 'mode'])
        eq([reads(w, name, BOB) for name in ('f', 'plain')], [True, False])
        eq(os.getxattr(w.path('f'), XATTR), before)
        # again, nothing is left to do; what belongs to no mode is taken if one says so
        os.unlink(w.path('damaged'))
        status, told = imports(w)
        eq((status, told['results']['stored'], told['results']['own']), (0, 0, 3))
        status, told = imports(w, '--always')
        eq((status, told['results']['stored'], source(w, 'v1')), (0, 2, 'stored'))
        eq(OURS in os.listxattr(outside), False, 'outside of the tree')
        assert '3 files' not in w.server.refused('acl', 'import', 'none-such')
    finally:
        umount(w.path('other'), MNT_DETACH)


@test(smb=True, squash='none', timeout=90)
def accounts(w):
    """An import makes SIDs of accounts numbers, so that the mode shows the owner's rights."""
    made(w, 'f')
    samba(w, 'raw', f=sddl(*(('A', '', '0x001f01ff', sid_text) for sid_text in (
        'S-1-5-21-7-8-9-1104', 'S-1-5-21-7-8-9-1201', 'S-1-5-21-70-80-90-1'))))
    with mapped(w):
        eq(imports(w, '--always')[1]['results']['stored'], 1)
        one = w.server.json('acl', 'show', w.path('f'))
    eq([(e['who'], e.get('id'), e.get('sid')) for e in one['entries']],
       [('uid', ALICE, None), ('gid', smb.UIDS['carol'], None),
        ('sid', None, 'S-1-5-21-70-80-90-1')])
    eq(one['mode'], '0700')


@test(smb=True, squash='none', timeout=120)
def interrupted(w):
    """An import that is interrupted goes on when it is started again; it shows its progress."""
    made(w, 'f')
    samba(w, 'raw', f=sddl(allow(ALICE), allow(BOB, 'FR')))
    value = os.getxattr(w.path('f'), XATTR)
    names = [f'd{i % 10}/{i}' for i in range(1500)]
    for i in range(10):
        os.mkdir(w.path(f'd{i}'))
    for name in names:
        os.setxattr(put(w.path(name), b'', 0o600), XATTR, value)
    command = [tool('dittoctl'), 'acl', 'import', '--always', '--json', 'data']
    with w.server.ns:
        p = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    wait_for('a file is imported', lambda: any(OURS in os.listxattr(w.path(name))
                                               for name in names[:150]) or p.poll() is not None)
    p.send_signal(signal.SIGINT)
    first = json.loads(p.communicate()[0])
    eq(p.returncode, 0 if first['complete'] else 1)
    master, slave = pty.openpty()
    with w.server.ns:
        p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave, text=True)
    os.close(slave)
    second = json.loads(p.communicate()[0])
    eq((p.returncode, second['complete'], second['files']), (0, True, 1512))
    eq(second['results']['own'], first['results']['stored'])
    eq(first['results']['stored'] + second['results']['stored'], 1501)
    shown = os.read(master, 1 << 16).decode()
    os.close(master)
    assert re.search(r'\[#+\] 1512 of 1512 files, \d+/s, 0:00 left', shown), shown
    eq(get(w.path('f')), b'data')
