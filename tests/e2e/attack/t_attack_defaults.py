# SPDX-License-Identifier: GPL-2.0-only
"""Attackers of a server that was set up without a word about who may use it.

client1 is a machine that anybody may own. What the administrator did not allow is refused.
"""
import os

from impacket.dcerpc.v5 import srvs

import nfs3
import nfs4
import rpc
from auth_stat import BADCRED, TOOWEAK, denied
from checks import eq, wait_for
from files import put
from harness import test
from nfs4 import Nfs4
from processes import run
from smb import SmbClient
from smbraw import Link, ntlm_of
from srvsvc import Srvsvc

RQUOTA, GET = 100011, 1
NOT_FOUND = 2310


def exports(n):
    return n.rpc.call(nfs3.MOUNT, 3, 5).body


@test(server='ditto', locks='raw')
def share_without_rules(w):
    """A share without a rule serves nobody who only claims to be a user, by any procedure."""
    put(w.path('f'), b'data', 0o666)
    n = w.client.nfs()
    fh = n.lookup(n.root, 'f').fh
    eq(n.write(fh, 0, b'a').status, nfs3.OK)
    assert b'data' in exports(n)
    w.server.ctl('share', 'set', 'data', 'no-rules')
    eq(n.mnt('/data').status, nfs3.ACCES)
    assert b'data' not in exports(n), 'EXPORT'
    for cred in (rpc.ROOT, rpc.auth_sys(3000, 3000)):
        for proc, args in ((nfs3.GETATTR, rpc.Enc().opaque(fh).bytes()),
                           (nfs3.LOOKUP, nfs3.diropargs(n.root, 'f'))):
            denied(lambda p=proc, a=args, c=cred: n.raw(p, a, cred=c), BADCRED)
    denied(lambda: n.raw(1, rpc.Enc().opaque(fh).u32(0xf).bytes(), prog=nfs3.NFSACL), BADCRED)
    v4 = Nfs4(nfs4.connect(w.client))
    denied(lambda: v4.compound(nfs4.putrootfh(), nfs4.lookup('data')), BADCRED)
    wait_for('the log says what to do', lambda: 'share has no rule' in run('dmesg') or
             'without a rule a share serves nobody' in run('dmesg'))
    w.server.ctl('share', 'set', 'data', 'allow', 'any')
    eq(n.write(fh, 0, b'b').status, nfs3.OK)
    eq(n.mnt('/data').status, nfs3.OK)


@test(server='ditto')
def share_without_rules_beside_another(w):
    """An admitted machine finds no other share that has no rule, and its log tells which it was."""
    os.mkdir(f'{w.base}/other')
    put(f'{w.base}/other/f', b'data', 0o666)
    w.server.add('other', f'{w.base}/other')
    n = w.client.nfs(path='/other')
    fh = n.lookup(n.root, 'f').fh
    w.server.ctl('share', 'set', 'other', 'no-rules')
    eq([n.mnt(name).status for name in ('/other', '/nothing', '/data')],
       [nfs3.NOENT, nfs3.NOENT, nfs3.OK])
    eq((n.getattr(fh).status, n.getattr(n.root).status), (nfs3.ACCES, nfs3.ACCES))
    assert b'other' not in exports(n), 'EXPORT'
    v4 = Nfs4(nfs4.connect(w.client))
    for op in (nfs4.lookup, nfs4.secinfo):
        eq([v4.compound(nfs4.putrootfh(), op(name)).status for name in ('other', 'data')],
           [nfs4.NOENT, nfs4.OK])
    assert 'dittoctl share set other allow' in run('dmesg'), run('dmesg')
    # those who prove who they are may come, so Kerberos is offered and nothing else
    w.server.ctl('share', 'set', 'other', 'sec', 'sys,krb5')
    eq(n.mnt('/other').flavors, [390003])
    denied(lambda: n.raw(nfs3.GETATTR, rpc.Enc().opaque(fh).bytes()), TOOWEAK)


@test(server='ditto', smb=True, squash='none')
def share_for_smb_only(w):
    """A share that is meant for one protocol does not exist for the other."""
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'data', 0o666)
    n = w.client.nfs()
    fh = n.lookup(n.root, 'f').fh
    w.server.set('data', protocols=['smb'])
    eq(n.mnt('/data').status, nfs3.ACCES)
    assert b'data' not in exports(n), 'EXPORT'
    denied(lambda: n.raw(nfs3.GETATTR, rpc.Enc().opaque(fh).bytes()), BADCRED)
    v4 = Nfs4(nfs4.connect(w.client))
    denied(lambda: v4.compound(nfs4.putrootfh(), nfs4.lookup('data')), BADCRED)
    SmbClient(w.client).do('ls')
    assert 'not served' in w.server.ctl('share', 'show', 'data')
    w.server.set('data', protocols=['nfs'])
    eq(n.getattr(fh).status, nfs3.OK)
    SmbClient(w.client).refused('ls', 'NT_STATUS_ACCESS_DENIED')
    eq(SmbClient(w.client).shares().get('data'), None)
    w.server.set('data', protocols=['nfs', 'smb'])
    SmbClient(w.client).do('ls')
    eq(n.getattr(fh).status, nfs3.OK)


@test(smb=True, squash='none')
def relayed_login(w):
    """Who passes an NTLM login on cannot use the session, and one for another server is refused."""
    for dialect in (0x202, 0x210, 0x302):
        with Link(w.client) as s:
            s.negotiate(dialect)
            eq((s.server_mode, s.login()), (3, 'SUCCESS'))
            # without the password there is no key to sign with
            eq(s.connect_tree(sign=False), 'ACCESS_DENIED')
            eq(s.connect_tree(sign=True), 'SUCCESS')
            eq((s.echo(sign=False), s.echo(sign=True)), ('ACCESS_DENIED', 'SUCCESS'))
    addr = w.client.server_addr

    def status(target):
        return ntlm_of(w.client, {9: target.encode('utf-16le')})
    host = os.uname().nodename
    eq([status(f'cifs/{name}') for name in (addr, host, host.upper(), f'{addr}:445')],
       ['SUCCESS'] * 4)
    eq([status(f'cifs/{name}') for name in ('fileserver', f'{host}.evil.test', '192.0.2.77')],
       ['LOGON_FAILURE'] * 3)
    assert "'server-names' in ditto.conf" in w.server.helper_log()
    w.server.ctl('server', 'set', 'require-ntlm-signing', 'off')
    with Link(w.client) as s:
        s.negotiate(0x302)
        eq((s.server_mode, s.login(), s.connect_tree(sign=False)), (1, 'SUCCESS', 'SUCCESS'))
    w.server.ctl('server', 'set', 'require-ntlm-signing', 'on')


@test(smb=True, clients=2, squash='none')
def shares_are_not_told(w):
    """Lists of shares and their descriptions have only what the user may use from his address."""
    for name, words in (('here', ['allow', w.clients[0].addr]), ('there', ['allow', 'any']),
                        ('bobs', ['user', 'bob=write', 'default-access', 'none']),
                        ('hidden', ['browse', 'off', 'allow', w.clients[0].addr]),
                        ('nfsonly', ['protocols', 'nfs'])):
        os.mkdir(f'{w.base}/{name}')
        w.server.ctl('share', 'add', name, f'{w.base}/{name}', *words)

    def told(client, user):
        with client:
            pipe = Srvsvc(client, user)
        listed = [one['shi1_netname'][:-1] for one in srvs.hNetrShareEnum(
            pipe.dce, 1)['InfoStruct']['ShareInfo']['Level1']['Buffer']]
        asked = [name for name in ('here', 'there', 'bobs', 'hidden', 'nfsonly')
                 if pipe.result(srvs.hNetrShareGetInfo, f'{name}\0', 1) != NOT_FOUND]
        return sorted(name for name in listed if name not in ('data', 'IPC$')), asked
    eq(told(w.clients[0], 'alice'), (['here', 'there'], ['here', 'there', 'hidden']))
    eq(told(w.clients[1], 'alice'), (['there'], ['there']))
    eq(told(w.clients[1], 'bob'), (['bobs', 'there'], ['there', 'bobs']))
    for name in ('here', 'there', 'bobs', 'hidden', 'nfsonly'):
        w.server.ctl('share', 'del', name)
