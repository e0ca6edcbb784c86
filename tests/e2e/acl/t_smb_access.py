# SPDX-License-Identifier: GPL-2.0-only
"""Access to shares over SMB, and the protection of connections."""
import os

import nfs3
import smb
import smb2
from checks import eq, wait_for
from files import get, put
from harness import test
from processes import run
from smb import SmbClient


@test(smb=True, squash='none')
def passwords(w):
    SmbClient(w.client).do('ls')
    SmbClient(w.client, password='wrong').refused('ls', 'NT_STATUS_LOGON_FAILURE')
    SmbClient(w.client, user='nobody-here', password='x').refused('ls', 'NT_STATUS_LOGON_FAILURE')
    SmbClient(w.client, user=None).refused('ls', 'NT_STATUS_ACCESS_DENIED')
    SmbClient(w.client, share='missing').refused('ls', 'NT_STATUS_BAD_NETWORK_NAME')
    w.server.ctl('user', 'del', 'bob')
    SmbClient(w.client, user='bob').refused('ls', 'NT_STATUS_LOGON_FAILURE')
    eq([u['name'] for u in w.server.json('user', 'list')], ['alice', 'carol'])
    smb.make_users(w.server)
    SmbClient(w.client, user='bob').do('ls')


@test(smb=True, squash='none')
def password_file(w):
    """Only root reads the file, and it has no passwords."""
    eq(oct(os.stat(smb.USERS_FILE).st_mode & 0o7777), '0o600')
    text = get(smb.USERS_FILE).decode()
    for password in smb.USERS.values():
        eq(password in text, False, 'a password in clear text')


@test(smb=True, squash='none')
def users_are_accounts(w):
    os.chmod(w.export, 0o777)
    put(f'{w.base}/in', b'data')
    for user, uid in smb.UIDS.items():
        SmbClient(w.client, user=user).do(f'put {w.base}/in {user}')
        st = os.stat(w.path(user))
        eq((st.st_uid, st.st_gid), (uid, uid))
    put(w.path('private'), b'secret', 0o600)
    os.chown(w.path('private'), smb.UIDS['alice'], smb.UIDS['alice'])
    SmbClient(w.client).do(f'get private {w.base}/out')
    SmbClient(w.client, user='bob').refused(f'get private {w.base}/out2',
                                            'NT_STATUS_ACCESS_DENIED')


@test(smb=True, squash='none')
def share_permissions(w):
    os.chmod(w.export, 0o777)
    put(f'{w.base}/in', b'data')
    put(w.path('f'), b'root made this', 0o600)
    w.server.set('data', default_access='none', users=['alice=write', 'bob=read'],
                 groups=['carol=admin'])
    SmbClient(w.client).do(f'put {w.base}/in by-alice')
    bob = SmbClient(w.client, user='bob')
    bob.do(f'get by-alice {w.base}/out')
    out = bob.do(f'put {w.base}/in by-bob', check=False)
    eq('NT_STATUS_ACCESS_DENIED' in out or 'NT_STATUS_MEDIA_WRITE_PROTECTED' in out, True, out)
    SmbClient(w.client, user='carol').do(f'get f {w.base}/out3')
    eq(get(f'{w.base}/out3'), b'root made this')
    w.server.set('data', users=['bob=none'])
    bob.refused('ls', 'NT_STATUS_ACCESS_DENIED')


@test(smb=True, squash='none')
def modes_of_new_files(w):
    """Masks and forced modes apply to files created by SMB, and not by NFS."""
    os.chmod(w.export, 0o777)
    put(f'{w.base}/in', b'data')
    alice = SmbClient(w.client)

    def made(name):
        alice.do(f'put {w.base}/in {name}; mkdir {name}.d')
        return [oct(os.stat(w.path(n)).st_mode & 0o7777) for n in (name, f'{name}.d')]
    eq(made('usual'), [oct(0o644), oct(0o755)])
    w.server.ctl('share', 'set', 'data', 'create-mask', '0660', 'directory-mask', '770')
    eq(made('masked'), [oct(0o660), oct(0o770)])
    w.server.ctl('share', 'set', 'data', 'force-create-mode', '0001', 'force-directory-mode',
                 '2005')
    eq(made('forced'), [oct(0o661), oct(0o2775)])
    share = w.server.json('share', 'list')[0]
    eq([share[key] for key in ('create_mask', 'directory_mask', 'force_create_mode',
                               'force_directory_mode')], [0o660, 0o770, 1, 0o2005])
    shown = [line.split() for line in w.server.ctl('share', 'show', 'data').splitlines()]
    assert ['create-mask', '0660'] in shown and ['force-create-mode', '0001'] in shown, shown
    n = w.client.nfs()
    eq(n.create(n.root, 'by-nfs', nfs3.GUARDED, nfs3.sattr(mode=0o604)).status, nfs3.OK)
    eq(oct(os.stat(w.path('by-nfs')).st_mode & 0o7777), oct(0o604))
    for words in (('create-mask', '0999'), ('create-mask', '01777'), ('acl-mode', 'most'),
                  ('force-create-mode', '10000'), ('directory-mask', '')):
        eq(w.server.ctl('share', 'set', 'data', *words, check=False).returncode, 2, words)


@test(smb=True, squash='none', guest=True)
def guests(w):
    put(w.path('f'), b'for all', 0o644)
    SmbClient(w.client, user=None).do(f'get f {w.base}/out')
    eq(get(f'{w.base}/out'), b'for all')
    out = SmbClient(w.client, user=None).do(f'put {w.base}/out new', check=False)
    eq('NT_STATUS_ACCESS_DENIED' in out, True, out)


@test(smb=True, squash='none', comment='All our data')
def browsing(w):
    w.server.ctl('share', 'add', 'secret', w.export + '/..', 'browse', 'off')
    shares = SmbClient(w.client).shares()
    eq(shares['data'], ('Disk', 'All our data'))
    eq(shares['IPC$'][0], 'IPC')
    eq('secret' in shares, False)
    w.server.ctl('share', 'del', 'secret')


@test(smb=True, squash='none', allow=['192.168.2.0/24'], clients=2)
def rules_by_address(w):
    SmbClient(w.clients[0]).refused('ls', 'NT_STATUS_ACCESS_DENIED')
    SmbClient(w.clients[1]).do('ls')


@test(smb=True, squash='none')
def encryption_of_a_share(w):
    """One share demands encryption and refuses plain requests; another does not."""
    os.mkdir(w.path('sub'))
    w.server.ctl('share', 'add', 'safe', w.path('sub'), 'encrypt', 'on')
    SmbClient(w.client).do('ls')
    SmbClient(w.client, share='safe').do('ls')
    SmbClient(w.client, share='safe', options=['client max protocol=SMB2_10']).refused(
        'ls', 'NT_STATUS_ACCESS_DENIED')
    where = w.client.mount_smb(share='safe', vers='3.0')
    eq(os.listdir(where), [])
    w.client.umount(where)
    w.server.ctl('share', 'del', 'safe')


@test(smb=True, squash='none')
def option_of_unloaded_protocol(w):
    """An option of a protocol that is not loaded is kept, shown, and effective when it is."""
    os.mkdir(w.path('sub'))
    for listener in w.server.json('listener', 'list'):
        w.server.ctl('listener', 'del', str(listener['id']))
    wait_for('SMB goes', lambda: run('rmmod', 'ditto_smb', check=False).returncode == 0)
    w.server.ctl('share', 'add', 'safe', w.path('sub'), 'encrypt', 'on', 'squash', 'none')
    w.server.ctl('share', 'set', 'safe', 'notify', 'off', 'browse', 'off')

    def shown():
        share, = [one for one in w.server.json('share', 'list') if one['name'] == 'safe']
        return [share[key] for key in ('encrypt', 'notify', 'continuously_available', 'browse')]
    eq(shown(), [True, False, False, False], 'kept')
    run('modprobe', 'ditto_smb')
    eq(shown(), [True, False, False, False], 'loaded')
    w.server.helper_stop()
    w.server.helper_start(w.server.conf)
    w.server.listen()
    SmbClient(w.client, share='safe').do('ls')
    SmbClient(w.client, share='safe', options=['client max protocol=SMB2_10']).refused(
        'ls', 'NT_STATUS_ACCESS_DENIED')
    w.server.ctl('share', 'set', 'safe', 'encrypt', 'off')
    SmbClient(w.client, share='safe', options=['client max protocol=SMB2_10']).do('ls')
    w.server.ctl('share', 'del', 'safe')


@test(smb=True, squash='none')
def server_settings(w):
    w.server.ctl('server', 'set', 'encryption', 'required')
    SmbClient(w.client).do('ls')
    out = SmbClient(w.client, options=['client max protocol=SMB2_10']).do('ls', check=False)
    eq('NT_STATUS_ACCESS_DENIED' in out, True, out)
    w.server.ctl('server', 'set', 'encryption', 'off')
    out = SmbClient(w.client, options=['client smb encrypt=required']).do('ls', check=False)
    eq('failing connect' in out, True, out)
    w.server.ctl('server', 'set', 'encryption', 'offered')
    w.server.ctl('server', 'set', 'min-dialect', '3.0')
    out = SmbClient(w.client, options=['client max protocol=SMB2_10']).do('ls', check=False)
    eq('NT_STATUS' in out, True, out)
    SmbClient(w.client).do('ls')
    w.server.ctl('server', 'set', 'min-dialect', '2.0.2')
    w.server.ctl('server', 'set', 'require-signing', 'on')
    SmbClient(w.client).do('ls')
    w.server.ctl('server', 'set', 'require-signing', 'off')


@test(smb=True, squash='none')
def sessions_are_shown_and_closed(w):
    os.chmod(w.export, 0o777)
    s = smb2.Smb2(w.client)
    fid = s.create('open')
    session, = w.server.json('session', 'list')
    eq(session['user'].split('\\')[-1], 'alice')
    opened, = w.server.json('open', 'list')
    eq((opened['share'], opened['path']), ('data', 'open'))
    eq([c['address'] for c in w.server.json('client', 'list')], [w.client.addr])
    w.server.ctl('open', 'close', str(opened['id']))
    smb2.refused('FILE_CLOSED', s.read, fid, 10)
    eq(w.server.json('open', 'list'), [])
    fid = s.create('open')
    w.server.ctl('session', 'close', str(session['id']))
    smb2.refused('USER_SESSION_DELETED', s.read, fid, 10)
    eq(w.server.json('session', 'list'), [])
    eq(w.server.claims(), {})
    s.end()


@test(smb=True, squash='none')
def without_helper(w):
    """Without the helper nobody can log in; existing sessions go on."""
    os.chmod(w.export, 0o777)
    s = smb2.Smb2(w.client)
    w.server.helper_stop()
    out = SmbClient(w.client).do('ls', check=False)
    eq('NT_STATUS' in out, True, out)
    fid = s.create('f')
    s.write(fid, b'data')
    eq(s.read(fid, 4), b'data')
    w.server.helper_start(w.server.conf)
    SmbClient(w.client).do('ls')
    s.end()
