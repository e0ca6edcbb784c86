# SPDX-License-Identifier: GPL-2.0-only
"""Home shares, and shares in which all users act as one."""
import contextlib
import errno
import os

import nfs3
import smb
from accounts import accounts
from checks import eq, expect_errno, wait_for
from files import get, put
from harness import test
from processes import as_user
from smb import SmbClient, add_user
from smb2 import AT_ONCE, EXCLUSIVE, GENERIC_ALL, MAKE, Smb2
from smb_acl import descriptor, user
from smb_lasting import client, gone

ALICE, BOB = smb.UIDS['alice'], smb.UIDS['bob']


@contextlib.contextmanager
def rule(w, path='%U', more='home-create = yes\n'):
    """The helper has a rule for homes below the root of the share "data"."""
    # logins wait for a home as long as this machine needs
    w.server.ctl('server', 'set', 'upcall-ms', '30000')
    before = w.server.conf
    w.server.conf = f'{before}[homes]\npath = {w.export}/{path}\n{more}'
    w.server.reload(w.server.conf)
    yield
    w.server.conf = before
    w.server.reload(before)
    wait_for('they are removed', lambda: homes(w) == {})


def homes(w):
    return {s['name']: s['home_uid'] for s in w.server.json('share', 'list') if 'home_uid' in s}


def logged(w, text):
    """The helper says why a user has no home."""
    log = w.server.helper_log()
    assert text in log, log


@test(smb=True, squash='none', timeout=120)
def made_at_login(w):
    """A user has a share with his name, which nobody else sees, also as "homes"."""
    with rule(w):
        eq(homes(w), {})
        a, b = SmbClient(w.client, share='alice'), SmbClient(w.client, 'bob', share='homes')
        put(f'{w.base}/text', b'of alice')
        a.do(f'put {w.base}/text mine')
        b.do('mkdir his')
        eq(homes(w), {'alice': ALICE, 'bob': BOB})
        st = os.stat(w.path('alice'))
        eq((st.st_uid, st.st_gid, oct(st.st_mode)), (ALICE, ALICE, oct(0o40700)))
        eq(get(w.path('alice/mine')), b'of alice')
        eq(os.listdir(w.path('bob')), ['his'])
        eq(sorted(a.shares()), ['IPC$', 'alice', 'data'])
        eq(sorted(b.shares()), ['IPC$', 'bob', 'data'])
        SmbClient(w.client, 'bob', share='alice').refused('ls', 'ACCESS_DENIED')
        # of the file nothing is known of them, so nothing of them is saved or told
        eq('alice' in w.server.ctl('config', 'diff', check=False).stdout, False)
        line, = [line for line in w.server.ctl('share', 'list').splitlines()
                 if line.startswith('alice')]
        eq('rw,home' in line, True, line)
        # the rule changes those that are there
        w.server.reload(w.server.conf + 'read-only = yes\n')
        wait_for('they are changed',
                 lambda: w.server.json('share', 'show', 'alice')[0]['read_only'])
        a.refused('mkdir more', 'MEDIA_WRITE_PROTECTED')
    # without the rule they are gone, and what is in them stays
    a.refused('ls', 'BAD_NETWORK_NAME')
    eq(get(w.path('alice/mine')), b'of alice')


@test(smb=True, squash='none', timeout=120)
def made_by_nobody(w):
    """Without home-create there must be a directory; links and other shares are no homes."""
    with rule(w, more=''):
        SmbClient(w.client, share='alice').refused('ls', 'BAD_NETWORK_NAME')
        eq(os.path.exists(w.path('alice')), False)
        logged(w, f'no home share for alice (uid {ALICE}): path: no such directory')
        # a failure is logged once
        SmbClient(w.client, share='alice').refused('ls', 'BAD_NETWORK_NAME')
        eq(w.server.helper_log().count('no home share for alice'), 1)
        # nor is it a home if it is another's
        os.mkdir(w.path('alice'))
        SmbClient(w.client, share='alice').refused('ls', 'BAD_NETWORK_NAME')
        logged(w, 'path: the directory belongs to uid 0')
        os.rmdir(w.path('alice'))
        # it is there now
        os.mkdir(w.path('alice'))
        os.chown(w.path('alice'), ALICE, ALICE)
        SmbClient(w.client, share='alice').do('ls')
        # a link is not followed, whoever made it
        os.mkdir(w.path('secret'))
        os.symlink('secret', w.path('bob'))
        SmbClient(w.client, 'bob', share='bob').refused('ls', 'BAD_NETWORK_NAME')
        eq(homes(w), {'alice': ALICE})
        logged(w, f'no home share for bob (uid {BOB}): path: not a directory')
        # nor is one on the way, which the user made
    with rule(w, '%U/files'):
        os.symlink('../secret', w.path('alice/files'))
        SmbClient(w.client, share='alice').refused('ls', 'BAD_NETWORK_NAME')
        logged(w, f'no home share for alice (uid {ALICE}): path: not a directory')
        os.unlink(w.path('alice/files'))
        # nothing is made where somebody else may write
        os.chown(w.path('alice'), BOB, BOB)
        SmbClient(w.client, share='alice').refused('ls', 'BAD_NETWORK_NAME')
        logged(w, f'the directory above belongs to uid {BOB}')
        os.chown(w.path('alice'), ALICE, ALICE)
        SmbClient(w.client, share='alice').do('mkdir x')
        eq(os.stat(w.path('alice/files/x')).st_uid, ALICE)
        eq(os.listdir(w.path('secret')), [])


@test(smb=True, squash='none', timeout=120)
def names_that_are_none(w):
    """A share of the name of a user stays what it is; names of machines are no directories."""
    with accounts('Data:x:7301:7301::/:/bin/false\nbox$:x:7302:7302::/:/bin/false\n'
                  'homes:x:7303:7303::/:/bin/false\nEve:x:7304:7304::/:/bin/false\n'
                  'eva:x:7304:7304::/:/bin/false\n', ''):
        for name in 'Data', 'box$', 'homes', 'Eve', 'eva':
            add_user(w.server, name, 'Passw0rd of it')
        w.server.helper_stop()
        w.server.helper_start(w.server.conf)
        with rule(w):
            os.chmod(w.export, 0o777)
            SmbClient(w.client, 'Data', 'Passw0rd of it').do('mkdir of-all')
            logged(w, 'name: there is data, which clients could mean, too')
            SmbClient(w.client, 'box$', 'Passw0rd of it').do('ls')
            SmbClient(w.client, 'homes', 'Passw0rd of it').do('ls')
            logged(w, 'the name is one that shares of single users cannot have')
            eq(homes(w), {})
            assert 'box$' not in w.server.helper_log()
            # a share of the administrator's takes the name of a home, in any case
            SmbClient(w.client, 'Eve', 'Passw0rd of it', share='Eve').do('ls')
            eq(homes(w), {'Eve': 7304})
            # one home for a user, whatever the name
            SmbClient(w.client, 'eva', 'Passw0rd of it').do('ls')
            logged(w, 'user 7304 has the home share Eve')
            eq(homes(w), {'Eve': 7304})
            os.mkdir(w.path('of-eve'))
            w.server.reload(w.server.conf + f'[share eve]\npath = {w.export}/of-eve\n')
            wait_for('it makes room', lambda: homes(w) == {})
            eq('eve' in [s['name'] for s in w.server.json('share', 'list')], True)
            w.server.ctl('share', 'del', 'eve')
        with rule(w, '%D/%U'):
            # the domain is this machine, whatever the client says
            for domain in 'evil', 'other':
                os.mkdir(w.path(domain))
                SmbClient(w.client, f'{domain}\\Eve', 'Passw0rd of it').do('ls')
                eq((homes(w), os.listdir(w.path(domain))), ({}, []))
            logged(w, 'the directory above cannot be opened: No such file or directory')


@test(smb=True, squash='none', timeout=120)
def one_tree(w):
    """Locks in a home share and in the share above, over NFS, are in one table."""
    with rule(w):
        os.chmod(w.export, 0o755)
        s = Smb2(w.client, share='alice')
        fid = s.create('f')
        s.write(fid, b'0123456789')
        os.chmod(w.path('alice'), 0o755)
        os.chmod(w.path('alice/f'), 0o666)
        n = w.client.nfs()
        fh = n.lookup(n.lookup(n.root, 'alice').fh, 'f').fh
        s.lock(fid, 0, 5, EXCLUSIVE | AT_ONCE)
        eq(n.read(fh, 0, 5).status, nfs3.JUKEBOX, 'a range that is locked over SMB')
        eq(n.read(fh, 5, 5).data, b'56789')
        s.unlock(fid, 0, 5)
        eq(n.read(fh, 0, 5).data, b'01234')
        s.close(fid)
        s.end()


@test(smb=True, squash='none', timeout=180)
def outlives_the_server(w):
    """Persistent opens in a home share, and its id, are there again after a restart."""
    # clients ask for it before they log in
    w.server.set('data', continuously_available=True)
    with rule(w, more='home-create = yes\ncontinuously-available = yes\n'):
        s = client(w, share='alice')
        g = s.lasting()
        s.write(g.fid, b'before')
        was = w.server.json('share', 'show', 'alice')[0]['id']
        # the helper alone
        w.server.helper_stop()
        w.server.helper_start(w.server.conf)
        eq(homes(w), {'alice': ALICE})
        eq(s.read(g.fid, 6), b'before')
        w.server.restart()
        w.server.ctl('server', 'set', 'upcall-ms', '30000')
        s.end()
        w.server.set('data', continuously_available=True)
        s = client(w, share='alice')
        eq(w.server.json('share', 'show', 'alice')[0]['id'], was)
        again = s.back(g.fid)
        eq(s.read(again.fid, 6), b'before')
        s.close(again.fid)
        s.end()
        gone(w)


@test(smb=True, squash='none', timeout=120)
def as_one_user(w):
    """With force-user and force-group all who log in act as one; others do not."""
    os.chmod(w.export, 0o777)
    with accounts('keeper:x:7401:7402::/:/bin/false\n', 'kept:x:7402:\nteam:x:7403:\n'):
        w.server.helper_stop()
        w.server.helper_start(w.server.conf)
        w.server.ctl('share', 'set', 'data', 'force-user', 'keeper')
        # the server asks for the groups of that user, and does not wait for long
        wait_for('the groups are known', lambda: 'FILE_NOT_AVAILABLE' not in
                 SmbClient(w.client).do('ls', check=False))
        SmbClient(w.client).do('mkdir a')
        SmbClient(w.client, 'bob').do('mkdir a/b')
        for name in 'a', 'a/b':
            st = os.stat(w.path(name))
            eq((st.st_uid, st.st_gid), (7401, 7402), name)
        # who makes himself the owner is that user, too
        s = Smb2(w.client)
        s.close(s.create('own', access=GENERIC_ALL, how=MAKE,
                         context=(b'SecD', descriptor(None, owner=user('alice')))))
        s.end()
        eq(os.stat(w.path('own')).st_uid, 7401)
        for option in 'force-user', 'force-group':
            assert 'nobody can be made root' in w.server.ctl('share', 'set', 'data', option, '0',
                                                             check=False).stdout
        w.server.ctl('share', 'set', 'data', 'force-user', '', 'force-group', 'team')
        SmbClient(w.client).do('mkdir c')
        st = os.stat(w.path('c'))
        eq((st.st_uid, st.st_gid), (ALICE, 7403))
        # a claim of AUTH_SYS is not a login
        m = w.client.mount()
        as_user(BOB, lambda: os.mkdir(f'{m}/d'))
        st = os.stat(w.path('d'))
        eq((st.st_uid, st.st_gid), (BOB, BOB))
        # who may use the share is asked of the user himself
        w.server.ctl('share', 'set', 'data', 'force-user', 'keeper', 'user', f'{ALICE}=none')
        SmbClient(w.client).refused('ls', 'ACCESS_DENIED')
        shown = w.server.json('share', 'show', 'data')[0]
        eq((shown['force_uid'], shown['force_gid']), (7401, 7403))


@test(smb=True, squash='none', timeout=120)
def vetoed_names(w):
    """No protocol lists, finds or makes files with vetoed names."""
    os.chmod(w.export, 0o777)
    for name in 'a.exe', 'b.txt', '.hidden':
        put(w.path(name), name.encode(), 0o666)
    os.mkdir(w.path('dir'))
    os.chown(w.path('dir'), ALICE, ALICE)
    put(w.path('dir/z.ExE'), b'')
    w.server.ctl('share', 'set', 'data', 'veto-files', '/*.exe/.hid*/')
    c = SmbClient(w.client)
    eq(sorted(smb.listing(c.do('ls'))), ['.', '..', 'b.txt', 'dir'])
    c.refused(f'get a.exe {w.base}/x', 'OBJECT_NAME_NOT_FOUND')
    c.refused(f'put {w.path("b.txt")} new.EXE', 'ACCESS_DENIED')
    c.refused('mkdir new.exe', 'ACCESS_DENIED')
    c.refused('rename b.txt b.exe', 'ACCESS_DENIED')
    c.refused('rmdir dir', 'DIRECTORY_NOT_EMPTY')
    def try_all(mount):
        eq(sorted(os.listdir(mount)), ['b.txt', 'dir'])
        eq(os.listdir(f'{mount}/dir'), [])
        with expect_errno(errno.ENOENT):
            os.stat(f'{mount}/a.exe')
        with expect_errno(errno.EACCES):
            put(f'{mount}/c.exe', b'')
        with expect_errno(errno.EACCES):
            os.rename(f'{mount}/b.txt', f'{mount}/B.Exe')
        with expect_errno(errno.ENOTEMPTY):
            os.rmdir(f'{mount}/dir')

    nfs, cifs = w.client.mount(opts='noac,lookupcache=none'), w.client.mount_smb()
    as_user(ALICE, lambda: try_all(nfs))
    try_all(cifs)
    eq(sorted(os.listdir(w.export)), ['.hidden', 'a.exe', 'b.txt', 'dir'])
    w.server.ctl('share', 'set', 'data', 'veto-files', '')
    eq('a.exe' in smb.listing(c.do('ls')), True)
