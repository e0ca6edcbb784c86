# SPDX-License-Identifier: GPL-2.0-only
"""Shares that are administered from Windows: NetrShareAdd, NetrShareSetInfo and NetrShareDel."""
import contextlib
import os

from impacket.dcerpc.v5 import srvs
from impacket.dcerpc.v5.dtypes import NULL
from impacket.dcerpc.v5.rpcrt import DCERPCException

import smb
import smb2
from checks import eq
from files import put
from harness import test
from identity_config import administrate
from smb_acl import ALL, ALLOW, DENY, EVERYONE, descriptor, group, parts, sid, user
from smb_compound import write
from smbraw import link
from srvsvc import ACCESS_BASED, DFS, DFS_ROOT, ENCRYPT, Srvsvc, share_info, windows_path

# The masks of share permissions in Windows: Read and Change.
READ, CHANGE = 0x1200a9, 0x1301bf
DENIED, NOT_SUPPORTED, INVALID_PARAMETER, INVALID_NAME, INVALID_LEVEL = 5, 50, 87, 123, 124
NO_FOLDER, DUPLICATE, NO_SHARE = 2116, 2118, 2310


@contextlib.contextmanager
def administered(w, *lines):
    """alice is an administrator; there are folders, which all may write. Shares go at the end."""
    for name in ('x', 'y'):
        os.mkdir(w.path(name))
        os.chmod(w.path(name), 0o777)
    os.chmod(w.path(), 0o777)
    administrate(w, 'alice', *(lines or (f'share-root = {w.path()}',)))
    with w.client:
        try:
            yield Srvsvc(w.client, 'alice')
        finally:
            for share in w.server.json('share', 'list'):
                if share['name'] != 'data':
                    w.server.ctl('share', 'del', share['name'])


def allow(*entries):
    entries = [(kind, 0, mask, who) for kind, mask, who in entries]
    return {'security_descriptor': descriptor(*entries)}


def acl(admin, name):
    """The entries of a share's descriptor."""
    sd = b''.join(admin.share(name)['security_descriptor'])
    return [(kind, mask, who) for kind, _, mask, who in parts(sd)[2]]


def tried(client, name, share):
    """What a user may do in a share: 'none', 'read' or 'write'."""
    with link(client, user=name, share=None) as s:
        if s.connect_tree(share) != 'SUCCESS':
            return 'none'
        try:
            s.create(f'of-{name}')
        except smb2.Status:
            s.create('', smb2.GENERIC_READ)
            return 'read'
        return 'write'


@test(smb=True)
def shares_come_and_go(w):
    """An administrator adds a share, which all may read, changes it and removes it."""
    with administered(w) as admin:
        eq(admin.share_add('new', w.path('x'), remark='of alice'), 0)
        eq(admin.shares(), ['IPC$', 'data', 'new'])
        share = admin.share('new', 2)
        eq((share['remark'], share['path']), ('of alice', windows_path(w.path('x'))))
        told, = w.server.json('share', 'show', 'new')
        eq((told['protocols'], told['default_access']), ('smb', 'read'))
        eq(acl(admin, 'new'), [(ALLOW, READ, EVERYONE)])
        eq(tried(w.client, 'bob', 'new'), 'read')

        eq(admin.share_add('NEW', w.path('y')), DUPLICATE)
        eq(admin.share_set('New', 1004, remark='of bob'), 0)
        eq(admin.share('new', 2)['remark'], 'of bob')
        eq(admin.share_set('new', 1005, flags=ACCESS_BASED | ENCRYPT), 0)
        eq(admin.share('new', 1005)['flags'], ACCESS_BASED | ENCRYPT)
        eq(admin.share_set('new', 1005, flags=0), 0)
        eq(admin.share_set('new', 1005, flags=0x4000), NOT_SUPPORTED)
        # Links make it the root of a namespace, and nothing that is sent.
        w.server.ctl('share', 'set', 'new', 'link', 'there=other:/data')
        eq(admin.share('new', 1005)['flags'], DFS | DFS_ROOT)
        w.server.ctl('share', 'set', 'new', 'no-links')
        eq(admin.share_set('new', 1005, flags=DFS | DFS_ROOT), 0)
        eq(admin.share('new', 1005)['flags'], 0)
        eq(admin.share_set('new', 1006, max_uses=7), NOT_SUPPORTED)
        eq(admin.share_set('new', 2, remark='of carol', max_uses=0xffffffff), 0)
        eq(admin.share('new', 502)['remark'], 'of carol')

        eq(admin.share_del('new'), 0)
        eq(admin.shares(), ['IPC$', 'data'])
        eq(admin.share_del('new'), NO_SHARE)
        eq(admin.share_add('two', w.path('x')), 0)
        handle = srvs.hNetrShareDelStart(admin.dce, 'two\0')['ContextHandle']
        eq(admin.shares(), ['IPC$', 'data', 'two'])
        eq(admin.result(srvs.hNetrShareDelCommit, handle), 0)
        eq(admin.shares(), ['IPC$', 'data'])
        eq(admin.result(srvs.hNetrShareDelStart, 'two\0'), NO_SHARE)
        eq(admin.share_set('new', 1004), NO_SHARE)
        log = w.server.helper_log()
        for words in (f'added at {w.path("x")} by ', 'changed by ', 'removed by '):
            eq(f'share new: {words}' in log, True, words)


@test(smb=True)
def permissions_of_shares(w):
    """The descriptor of a share says who may read and who may write, and is shown again."""
    bob, carol = user('bob'), group('carol')
    with administered(w) as admin:
        eq(admin.share_add('new', w.path('x'), 502,
                           **allow((ALLOW, READ, EVERYONE), (ALLOW, ALL, carol))), 0)
        eq(acl(admin, 'new'), [(ALLOW, ALL, carol), (ALLOW, READ, EVERYONE)])
        eq([tried(w.client, name, 'new') for name in ('bob', 'carol')], ['read', 'write'])
        eq(admin.share_set('new', 1501, **allow((DENY, ALL, bob), (ALLOW, ALL, EVERYONE))), 0)
        eq([tried(w.client, name, 'new') for name in ('bob', 'carol')], ['none', 'write'])
        eq(admin.share_set('new', 502, **allow((ALLOW, ALL, bob))), 0)
        eq([tried(w.client, name, 'new') for name in ('bob', 'carol')], ['write', 'none'])
        # what a share cannot say is refused in words, and changes nothing
        for entry in ((ALLOW, CHANGE, EVERYONE), (DENY, READ, bob), (DENY, ALL, EVERYONE),
                      (ALLOW, READ, sid(5, 11)), (ALLOW, READ, sid(5, 21, 1, 2, 3, 1104))):
            eq(admin.share_set('new', 1501, **allow(entry)), NOT_SUPPORTED, entry)
        eq(acl(admin, 'new'), [(ALLOW, ALL, bob)])
        eq('Ditto has Full Control and Read' in w.server.helper_log(), True)
        eq(admin.share_set('new', 1501, security_descriptor=b'\1' * 24), 1338)
        # a DACL that is not present says nothing
        sd = bytearray(descriptor((ALLOW, 0, ALL, EVERYONE)))
        sd[2] &= ~4
        eq(admin.share_set('new', 1501, security_descriptor=bytes(sd)), 0)
        eq(acl(admin, 'new'), [(ALLOW, ALL, bob)])
        # read and sent back: nothing is lost, even of what Windows does not have
        w.server.ctl('share', 'set', 'new', 'user', 'bob=admin', 'group', 'carol=read',
                     'default-access', 'write')
        sd = b''.join(admin.share('new')['security_descriptor'])
        eq(admin.share_set('new', 502, remark='again', security_descriptor=sd), 0)
        told, = w.server.json('share', 'show', 'new')
        eq((told['comment'], told['default_access']), ('again', 'write'))
        eq(sorted(u['access'] for u in told['users']), ['admin', 'read'])


@test(smb=True)
def only_administrators(w):
    """Others are refused whatever they ask for."""
    with administered(w) as admin:
        other = Srvsvc(w.client, 'bob')
        eq(admin.share_add('new', w.path('x')), 0)
        eq(other.share_add('more', w.path('y')), DENIED)
        eq(other.share_add('new', w.path('none'), 502), DENIED)
        for level in (2, 502, 1004, 1005, 1006, 1501):
            eq(other.share_set('new', level), DENIED)
        eq(other.share_del('new'), DENIED)
        eq(admin.shares(), ['IPC$', 'data', 'new'])


@test(smb=True)
def nothing_without_a_root(w):
    """Without share-root nobody administers shares, and the log says what allows it."""
    with administered(w, 'min-uid = 1000') as admin:
        eq(admin.share_add('new', w.path('x')), DENIED)
        eq(admin.share_set('data', 1004, remark='mine'), DENIED)
        eq(admin.share_del('data'), DENIED)
        eq(admin.shares(), ['IPC$', 'data'])
        eq(w.server.helper_log().count("a line 'share-root = DIRECTORY'"), 3)


@test(smb=True)
def paths_stay_below_the_root(w):
    """Paths that lead elsewhere, by their words or by links, are not shared, nor are bad names."""
    with administered(w, f'share-root = {w.path("x")}') as admin:
        os.mkdir(w.path('x/in'))
        os.symlink('/etc', w.path('x/etc'))
        os.symlink('in', w.path('x/link'))
        for path, error in ((w.path('y'), DENIED), ('/', INVALID_PARAMETER), ('/etc', DENIED),
                            (w.path('x') + 'y', DENIED), (w.path('x/../y'), INVALID_PARAMETER),
                            (w.path('x/in/..'), INVALID_PARAMETER), (w.path('x/etc'), DENIED),
                            (w.path('x/etc/ssl'), DENIED), (w.path('x/link'), DENIED),
                            (w.path('x/none'), NO_FOLDER), ('', INVALID_PARAMETER)):
            eq(admin.share_add('new', path), error, path)
        for name in ('a/b', 'a\\b', 'a:b', 'a*', ''):
            eq(admin.share_add(name, w.path('x')), INVALID_NAME, name)
        eq(admin.share_add('ipc$', w.path('x')), DUPLICATE)
        eq(admin.share_add('new', w.path('x'), type=3), INVALID_PARAMETER)
        eq(admin.shares(), ['IPC$', 'data'])
        eq(admin.share_add('new', w.path('x/in')), 0)
        eq(admin.share_add('all', w.path('x')), 0)
        # a share above it is not theirs
        eq(admin.share_del('data'), DENIED)
        eq(admin.shares(), ['IPC$', 'all', 'data', 'new'])


@test(smb=True)
def shares_of_this_machine(w):
    """A share that NFS serves too is not theirs, nor one whose path has become another folder."""
    with administered(w) as admin:
        w.server.ctl('share', 'add', 'both', w.path('x'))
        eq(admin.share_set('both', 1004, remark='mine'), DENIED)
        eq(admin.share_set('both', 1501, **allow((ALLOW, ALL, EVERYONE))), DENIED)
        eq(admin.share_del('both'), DENIED)
        eq('NFS serves it too' in w.server.helper_log(), True)
        eq(admin.share_add('new', w.path('y')), 0)
        eq(admin.share_set('new', 1004, remark='mine'), 0)
        os.rename(w.path('y'), w.path('z'))
        os.mkdir(w.path('y'))
        eq(admin.share_set('new', 1501, **allow((ALLOW, ALL, EVERYONE))), DENIED)
        os.rmdir(w.path('y'))
        os.symlink('z', w.path('y'))
        eq(admin.share_set('new', 1501, **allow((ALLOW, ALL, EVERYONE))), DENIED)
        eq(acl(admin, 'new'), [(ALLOW, READ, EVERYONE)])
        eq(admin.share_del('new'), 0)


@test(smb=True)
def shares_by_net(w):
    """Samba's net adds, lists and removes a share, and shows who may use it."""
    def net(*args):
        p = w.client.run('net', '-s', '/dev/null', 'rpc', 'share', *args, '-S',
                         w.client.server_addr, '-U', f'alice%{smb.USERS["alice"]}', check=False)
        return p.returncode, p.stdout
    with administered(w, f'share-root = {w.path("x")}') as admin:
        status, out = net('add', f'new={windows_path(w.path("x"))}')
        eq(status, 0, out)
        status, out = net('list')
        eq((status, 'new' in out.split()), (0, True))
        with link(w.client, user='bob', share='new') as s:
            smb2.refused('ACCESS_DENIED', s.create, 'made')
        eq(admin.share_set('new', 1501, **allow((DENY, ALL, user('bob')), (ALLOW, READ, EVERYONE))),
           0)
        tokens = ''.join(f'{name}\n S-1-22-1-{smb.UIDS[name]}\n S-1-1-0\n\n'
                         for name in ('bob', 'carol'))
        put(w.path('tokens'), tokens.encode())
        status, out = net('allowedusers', w.path('tokens'))
        eq((status, out.split()), (0, ['data', 'bob', 'carol', 'new', 'carol']))
        status, out = net('delete', 'new')
        eq(status, 0, out)
        eq('new' in net('list')[1].split(), False)
        # a share above share-root is not theirs
        net('delete', 'data')
        eq('data' in net('list')[1].split(), True)


@test(smb=True)
def removed_while_in_use(w):
    """What clients have open in a share that an administrator removes is closed."""
    with administered(w) as admin:
        eq(admin.share_add('new', w.path('x'), 502, **allow((ALLOW, ALL, EVERYONE))), 0)
        with link(w.client, user='bob', share='new') as s:
            fid = s.create('opened')
            eq(s.status(*write(fid, b'x')), 'SUCCESS')
            eq(admin.share_del('new'), 0)
            eq(s.status(*write(fid, b'x')) != 'SUCCESS', True)


def raw(admin, opnum, data):
    """Send a call as it is; returns its fault, or '' for an answer."""
    admin.dce.call(opnum, data)
    try:
        admin.dce.recv()
    except DCERPCException as e:
        return str(e)
    return ''


@test(smb=True)
def calls_that_lie(w):
    """Calls that end early, or say other lengths than they have, get faults and change nothing."""
    with administered(w) as admin:
        call = srvs.NetrShareAdd()
        call['ServerName'] = NULL
        call['Level'] = call['InfoStruct']['tag'] = 502
        sd = descriptor((ALLOW, 0, READ, EVERYONE))
        call['InfoStruct']['ShareInfo502'] = share_info(
            502, netname='new', path=windows_path(w.path('x')), security_descriptor=sd)
        whole = call.getData()
        for length in range(0, len(whole) - 8, 5):
            eq(raw(admin, 14, whole[:length]) != '', True, length)
        at = whole.index(sd)
        for size in (0, len(sd) - 1, len(sd) + 1, 0x10000, 0x7fffffff, 0xffffffff):
            size = size.to_bytes(4, 'little')
            eq(raw(admin, 14, whole[:at - 4] + size + whole[at:]) != '', True, size)
        # each byte of the descriptor in turn: refused, or a share, but never the end of the worker
        for i in range(len(sd)):
            for value in (0, 1, 0x7f, 0xff):
                raw(admin, 14, whole[:at + i] + bytes([value]) + whole[at + i + 1:])
                admin.share_del('new')
        eq(admin.shares(), ['IPC$', 'data'])
        eq('worker' in w.server.helper_log().split('is read again')[1], False)
