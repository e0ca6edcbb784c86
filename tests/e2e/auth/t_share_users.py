# SPDX-License-Identifier: GPL-2.0-only
"""Share users: what users may do on a share; and users who log in with a password."""
import errno
import json
import os
import signal
import subprocess

import nfs3
import rpc
import servers
from accounts import accounts
from checks import eq, expect_errno, one_of, wait_for
from files import get, put
from harness import test
from processes import as_user, run

USERS = '/etc/ditto/users'


def may(n, uid, gid=500, groups=()):
    """The access of a user at the root of the share, found by trying."""
    cred = rpc.auth_sys(uid, gid, groups)
    status = n.getattr(n.root, cred=cred).status
    one_of(status, (nfs3.OK, nfs3.ACCES), 'GETATTR')
    if status == nfs3.ACCES:
        return 'none'
    status = n.mkdir(n.root, 'new', cred=cred).status
    one_of(status, (nfs3.OK, nfs3.ROFS), 'MKDIR')
    if status == nfs3.ROFS:
        return 'read'
    eq(n.rmdir(n.root, 'new', cred=cred).status, nfs3.OK, 'RMDIR')
    return 'write'


@test(server='ditto', nfs4='nfs4')
def most_of_groups(w):
    """A user's own entry precedes the highest of his groups', then the default; live."""
    os.chmod(w.path(), 0o777)
    w.server.set('data', users=['1001=read', '1002=write'], groups=['700=none', '701=read'],
                 default_access='write')
    n = w.client.nfs()
    table = [((1000,), 'write'), ((1001,), 'read'), ((1001, 700), 'read'), ((1002, 700), 'write'),
             ((1000, 700), 'none'), ((1000, 701), 'read'), ((1000, 700, [701]), 'read'),
             ((1000, 500, [700]), 'none')]
    for who, want in table:
        eq(may(n, *who), want, who)
    w.server.set('data', default_access='none')
    eq([may(n, 1000), may(n, 1002)], ['none', 'write'], 'no default')
    w.server.set('data', users=['1000=read'])
    eq([may(n, 1000), may(n, 1002), may(n, 1002, 701)], ['read', 'none', 'none'],
       'those that are given replace all')
    w.server.ctl('share', 'set', 'data', 'no-users', 'default-access', 'write')
    eq([may(n, 1000), may(n, 1002, 700)], ['write', 'write'], 'none')


@test(server='ditto', squash='root-to-guest')
def administrators_prove_it(w):
    """An administrator with AUTH_SYS is one only from trusted clients."""
    os.chmod(w.path(), 0o777)
    put(w.path('secret'), b'of root', 0o600)
    w.server.set('data', users=['1001=admin', 'root=admin'])
    for cred in (rpc.auth_sys(1001, 1001), rpc.ROOT):
        n = w.client.nfs(cred)
        eq(n.read(n.lookup(n.root, 'secret').fh, 0, 9).status, nfs3.ACCES, cred)
    eq(may(w.client.nfs(), 1001), 'write', 'the grant is one to write, too')
    for squash, want in (('none', nfs3.ACCES), ('root-to-admin', nfs3.OK)):
        w.server.set('data', allow=[f'*=rw,squash={squash}'])
        n = w.client.nfs(rpc.auth_sys(1001, 1001))
        eq(n.read(n.lookup(n.root, 'secret').fh, 0, 9).status, want, squash)


@test(server='ditto', squash='root-to-admin')
def powers(w):
    """An administrator changes owners, modes and set-id bits, and makes devices."""
    n = w.client.nfs()
    put(w.path('f'), b'data', 0o600)
    os.chown(w.path('f'), 1001, 1001)
    f = n.lookup(n.root, 'f').fh
    eq(n.setattr(f, nfs3.sattr(uid=1002, gid=1003, mode=0o6711)).status, nfs3.OK)
    st = os.stat(w.path('f'))
    eq((st.st_uid, st.st_gid, oct(st.st_mode)), (1002, 1003, oct(0o106711)))
    eq(n.mknod(n.root, 'null', nfs3.CHR, dev=(1, 3)).status, nfs3.OK, 'a device')
    eq(n.read(f, 0, 9).data, b'data')


@test(server='ditto', squash='root-to-admin', nfs4='nfs4')
def administrators(w):
    """A share user with admin passes every mode, as the same user."""
    os.chmod(w.path(), 0o777)
    put(w.path('secret'), b'of root', 0o600)
    w.server.set('data', users=['1001=admin'])
    m = w.client.mount(opts='noac')
    with expect_errno(errno.EACCES):
        as_user(1002, lambda: get(f'{m}/secret'))
    eq(as_user(1001, lambda: get(f'{m}/secret')), b'of root')
    as_user(1001, lambda: put(f'{m}/mine', b'x'))
    eq(os.stat(w.path('mine')).st_uid, 1001, 'owner')
    w.server.set('data', ro=True)
    with expect_errno(errno.EROFS, errno.EACCES):
        as_user(1001, lambda: put(f'{m}/mine', b'y'))


@test(server='ditto', nfs4='nfs4')
def squashed(w):
    """The access is that of the caller before squashing."""
    os.chmod(w.path(), 0o777)
    w.server.set('data', squash='all-to-guest', users=['1001=read', '1002=none'])
    n = w.client.nfs()
    eq([may(n, 1000), may(n, 1001), may(n, 1002)], ['write', 'read', 'none'])


@test(server='ditto')
def squashed_with_managed_groups(w):
    """With manage-gids the groups of the account decide about the access, whoever acts then."""
    os.chmod(w.path(), 0o777)
    uids = 7201, 7202, 7203
    with accounts(''.join(f'u{uid}:x:{uid}:{uid}::/:/bin/false\n' for uid in uids),
                  'staff2:x:7211:u7201\nroot2:x:7212:u7203\n'):
        w.server.helper_start()
        n = w.client.nfs()
        for squash in ('all-to-guest', 'all-to-admin', 'none'):
            for groups, default, want in ((['7211=none'], 'write', ['none', 'write', 'write']),
                                          (['7211=write'], 'none', ['write', 'none', 'none'])):
                w.server.set('data', squash=squash, groups=groups, default_access=default,
                             manage_gids=True)
                for uid in uids:
                    cred = rpc.auth_sys(uid, uid, [])
                    wait_for('an answer', lambda cred=cred: n.getattr(
                        n.root, cred=cred).status != nfs3.JUKEBOX)
                eq([may(n, uid, uid) for uid in uids], want, f'{squash} {groups}')


@test(server='ditto', share=False)
def told(w):
    """Share users are shown as they were set, and invalid ones are refused."""
    os.mkdir(w.path('d'))
    w.server.serve('d', w.path('d'), users=['root=admin', '1000=read'], groups=['root=none'],
                   default_access='read', comment='of all', encrypt=True, guest=True, browse=False)
    share, = w.server.json('share', 'list')
    eq(share['users'], [{'uid': 0, 'access': 'admin'}, {'uid': 1000, 'access': 'read'},
                         {'gid': 0, 'access': 'none'}])
    eq([share[key] for key in ('default_access', 'comment', 'encrypt', 'guest', 'browse')],
       ['read', 'of all', True, True, False])
    shown = w.server.ctl('share', 'show', 'd')
    for line in (['user', 'root=admin'], ['group', 'root=none'], ['default-access', 'read']):
        assert line in [x.split() for x in shown.splitlines()], shown
    w.server.ctl('share', 'set', 'd', 'comment', '')
    assert 'comment' not in w.server.json('share', 'list')[0]
    if servers.loaded('ditto_smb'):
        run('rmmod', 'ditto_smb')
    assert 'modprobe ditto_smb' in w.server.refused('server', 'set', 'require-signing', 'on')
    assert 'require_signing' not in w.server.json('server', 'show')
    run('modprobe', 'ditto_smb')
    w.server.ctl('server', 'set', 'require-signing', 'on', 'encryption', 'required',
                 'min-dialect', '3.0.2')
    eq([w.server.setting(key) for key in ('require_signing', 'encryption', 'min_dialect')],
       [True, 'required', '3.0.2'])
    w.server.ctl('server', 'set', 'require-signing', 'off', 'encryption', 'offered',
                 'min-dialect', '2.0.2')
    for words in (['share', 'set', 'd', 'user', 'root'], ['share', 'set', 'd', 'user', '=read'],
                  ['share', 'set', 'd', 'user', 'no-such-user=read'],
                  ['share', 'set', 'd', 'group', '1=read', 'group', '1=write'],
                  ['share', 'set', 'd', 'user', '1=read', 'no-users'],
                  ['server', 'set', 'min-dialect', '2.0'], ['server', 'set', 'encryption', '2'],
                  ['session', 'close'], ['session', 'close', '0'], ['open', 'list', '--session']):
        eq(w.server.ctl(*words, check=False).returncode, 2, words)
    for words in (['session', 'close', '7'], ['open', 'close', '7']):
        eq(w.server.ctl(*words, check=False).returncode, 1, words)


def user(*words, password=None):
    return subprocess.run([servers.tool('dittoctl'), 'user', *words], input=password, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


@test(server='ditto', share=False)
def passwords(w):
    """Only users of the machine are added; the file is root's and holds no password."""
    before = user('list').stdout
    eq(user('add', 'daemon', '--password-stdin', password='Geheim-1\n').returncode, 0)
    eq(oct(os.stat(USERS).st_mode), oct(0o100600))
    with open(USERS, encoding='utf-8') as f:
        text = f.read()
    assert 'daemon:1:' in text and 'Geheim' not in text, text
    assert {'name': 'daemon', 'uid': 1} in json.loads(user('list', '--json').stdout)
    for name, password in (('no-such-user', 'x\n'), ('daemon', '\n'), ('a:b', 'x\n'),
                           ('daemon', 'x' * 600 + '\n'), ('daemon', '')):
        eq(user('add', name, '--password-stdin', password=password).returncode,
           1 if name == 'no-such-user' else 2, name)
    assert 'useradd' in user('add', 'no-such-user', '--password-stdin', password='x\n').stdout
    eq(user('add', 'daemon').returncode, 2, 'no terminal')
    with open(USERS, encoding='utf-8') as f:
        eq(f.read(), text, 'what was refused changed nothing')
    eq(user('del', 'daemon').returncode, 0)
    eq(user('del', 'daemon').returncode, 1)
    eq(user('list').stdout, before)


@test(smb=True, squash='none')
def sids(w):
    """Entries for SIDs are kept as such; nobody has those of a domain that is not known here."""
    os.chmod(w.path(), 0o777)
    domain = 'S-1-5-21-1-2-3'
    w.server.set('data', users=[f'{domain}-1001=read', 'S-1-22-1-3000=write'],
                 groups=[f'{domain}-513=admin'], default_access='write')
    share, = w.server.json('share', 'list')
    eq(share['users'], [{'uid': 3000, 'access': 'write'},
                        {'access': 'read', 'sid': f'{domain}-1001'},
                        {'access': 'admin', 'sid': f'{domain}-513', 'is_group': True}])
    shown = w.server.ctl('share', 'show', 'data')
    for line in (['user', f'{domain}-1001=read'], ['group', f'{domain}-513=admin']):
        assert line in [x.split() for x in shown.splitlines()], shown
    n = w.client.nfs()
    for uid in (3000, 3001, 0):
        wait_for('the SIDs', lambda uid=uid: n.getattr(n.root, cred=rpc.auth_sys(uid, 500)).status
                 != nfs3.JUKEBOX)
    eq([may(n, uid) for uid in (3000, 3001)], ['write', 'read'], 'a domain that is not known')
    got = w.server.json('access', 'check', '--user', 'bob', w.path())
    eq([got[key] for key in ('grant', 'grant_by', 'grant_sid')],
       ['read', 'undecided-sid', f'{domain}-1001'])
    w.server.set('data', users=['S-1-5-7=none'], groups=['S-1-3-0=none'])
    eq(may(n, 3001), 'write', 'SIDs that no user has')
    for word in ('S-1-5-21-x=read', 'S-1-=read', 'S-1-5' + 16 * '-1' + '=read'):
        assert 'SID' in w.server.refused('share', 'set', 'data', 'user', word), word
    assert 'twice' in w.server.refused('share', 'set', 'data', 'user', f'{domain}-1=read',
                                       'group', f'{domain}-1=read')


MAP = '/etc/ditto/idmap'
LINES = """S-1-5-21-7-8-9-1104 uid 3000 EXAMPLE\\emma
S-1-5-21-7-8-9-1201 gid 3700 EXAMPLE\\Sales people
"""


@test(smb=True, squash='none')
def names_of_a_directory(w):
    """ditto.conf names users and groups that only a directory has; what is missing is told."""
    os.chmod(w.path(), 0o777)
    put(MAP, LINES)
    os.mkdir(w.path('other'))
    conf = '[server]\nidentity = map local\n' + servers.LISTENERS + servers.SMB_LISTENER
    w.server.delete('data')
    w.server.helper_stop()
    try:
        w.server.helper_start(conf + f"""[share data]
path = {w.path()}
squash = none
allow = any
user = EXAMPLE\\emma=read
group = Sales people@EXAMPLE=write
default_access = none
[share other]
path = {w.path('other')}
user = EXAMPLE\\fred=read
""")
        wait_for('the share', lambda: [s['users'] for s in w.server.json('share', 'list')] ==
                 [[{'uid': 3000, 'access': 'read'}, {'gid': 3700, 'access': 'write'}]])
        wait_for('the reason', lambda: "no user 'EXAMPLE\\fred'" in
                 w.server.refused('share', 'show', 'other'))
        assert "no user 'EXAMPLE\\fred'" in w.server.refused('share', 'show', 'other', '--json')
        eq(w.server.json('share', 'show', 'data')[0]['problems'], [])
        w.server.shares['data'] = (w.path(), {})
        n = w.client.nfs(rpc.auth_sys(3000, 500))
        eq([may(n, *ids) for ids in ((3000,), (3001, 3700), (3001,))], ['read', 'write', 'none'])
        put(MAP, LINES + 'S-1-5-21-7-8-9-1105 uid 3005 EXAMPLE\\fred\n')
        w.server.helper.send_signal(signal.SIGHUP)
        wait_for('the other share', lambda: len(w.server.json('share', 'list')) == 2)
        w.server.shares['other'] = (w.path('other'), {})
    finally:
        os.unlink(MAP)
