# SPDX-License-Identifier: GPL-2.0-only
"""dittoctl access check: what it tells is what users of NFS and SMB find, and why."""
import errno
import os

import nfs3
import rpc
import smb
import smb2
from checks import eq, expect_errno, one_of
from files import put
from harness import test
from smb_acl import READ_DATA, WRITE_DATA, may, session

RIGHTS = ['read-data', 'write-data', 'append-data', 'read-xattrs', 'write-xattrs', 'execute',
          'delete-child', 'read-attrs', 'write-attrs', 'delete', 'read-acl', 'write-acl',
          'write-owner', 'synchronize']


def check(w, name, *words, user='alice'):
    who = ('--user', user) if user else ('--guest',)
    return w.server.json('access', 'check', *who, *words, w.path(name))


def told(w, name, *words, user='alice'):
    who = ('--user', user) if user else ('--guest',)
    return w.server.ctl('access', 'check', *who, *words, w.path(name))


def rights(answer):
    eq([d['right'] for d in answer['decision']], RIGHTS)
    return {d['right']: d for d in answer['decision']}


def granted(answer):
    return {right for right, d in rights(answer).items() if d['granted']}


def reads(w, name, uid, gid=500):
    """True if the user may read the file by NFS."""
    n = w.client.nfs(rpc.auth_sys(uid, gid))
    status = n.lookup(n.root, name)
    if status.status == nfs3.OK:
        status = n.read(status.fh, 0, 9)
    one_of(status.status, (nfs3.OK, nfs3.ACCES), 'READ')
    return status.status == nfs3.OK


@test(smb=True, squash='none')
def lists(w):
    """The entry that decides is told, and users find the same by NFS and SMB."""
    put(w.path('f'), b'data', 0o600)
    w.server.ctl('acl', 'set', w.path('f'),
                 'deny:user:bob:write-data,append-data', 'allow:user:bob:modify',
                 'allow:group:carol:read', 'allow:owner@:full')
    s = session(w, 'bob')
    for words in (['--protocol', 'smb'], ['--protocol', 'nfs']):
        got = rights(check(w, 'f', *words, user='bob'))
        eq([(got[r]['granted'], got[r]['number']) for r in ('read-data', 'write-data', 'delete')],
           [(True, 2), (False, 1), (True, 2)], words)
        eq((got['write-owner']['granted'], 'number' in got['write-owner']), (False, False))
        eq((got['write-data']['ace']['type'], got['write-data']['ace']['id']), ('deny', 3001))
    eq([may(s, 'f', access) for access in (READ_DATA, WRITE_DATA, smb2.DELETE)],
       [True, False, True])
    got = rights(check(w, 'f', user='carol'))
    eq((got['read-data']['granted'], got['read-data']['number']), (True, 3), 'by the group')
    eq([reads(w, 'f', smb.UIDS[u], smb.UIDS[u]) for u in ('bob', 'carol', 'alice')],
       [True, True, False])
    eq('read-data' in granted(check(w, 'f')), False)
    text = told(w, 'f', user='bob')
    for words in ('entry 1, deny:user:bob:write-data,append-data', 'entry 2, allow:user:bob',
                  'no entry of the list allows it', 'acts as    bob, group bob'):
        assert words in text, f'{words} is not in:\n{text}'
    os.chown(w.path('f'), 3000, 3000)
    w.server.ctl('acl', 'set', w.path('f'), 'deny:owner@:read-data')
    got = rights(check(w, 'f'))
    eq([(got[r]['granted'], got[r].get('by_owner')) for r in ('read-data', 'write-acl')],
       [(False, None), (True, True)])
    text = told(w, 'f')
    assert 'by NFSv3 all the same' in text, text
    eq(reads(w, 'f', 3000), True)


@test(smb=True, squash='none')
def modes(w):
    """Without a list the class of the mode that decides is told, or the entry of a POSIX ACL."""
    put(w.path('f'), b'data', 0o640)
    os.chown(w.path('f'), 3000, 3001)
    os.chmod(w.export, 0o1777)
    got = rights(check(w, 'f'))
    eq((got['read-data']['reason'], got['read-data']['class'], got['read-data']['bits'],
        got['read-data']['need']), ('mode', 'owner', ['write', 'read'], ['read']))
    eq((got['write-acl']['granted'], got['write-acl']['reason']), (True, 'owner'))
    got = rights(check(w, 'f', user='bob'))
    eq([(got[r]['granted'], got[r]['reason']) for r in
        ('read-data', 'write-data', 'delete', 'write-acl', 'read-attrs')],
       [(True, 'mode'), (False, 'mode'), (False, 'sticky'), (False, 'owner'),
        (True, 'everybody')])
    eq(got['read-data']['class'], 'group')
    os.chmod(w.export, 0o755)
    got = rights(check(w, 'f', user='bob'))
    eq((got['delete']['granted'], got['delete']['reason'], got['delete']['class']),
       (False, 'parent-mode', 'other'))
    text = told(w, 'f', user='bob')
    for words in ('the group has r--, r-- is needed',
                  'the directory: others have r-x, -wx is needed', 'so the owner may'):
        assert words in text, f'{words} is not in:\n{text}'
    w.server_ns.run('setfacl', '-m', 'u:carol:rw,m::r', w.path('f'))
    got = rights(check(w, 'f', user='carol'))
    eq([(got[r]['granted'], got[r]['class'], got[r]['class_id'], got[r]['bits'])
        for r in ('read-data', 'write-data')],
       [(True, 'user', 3002, ['read']), (False, 'user', 3002, ['read'])])
    assert 'user carol of the POSIX ACL has r--' in told(w, 'f', user='carol')
    eq([reads(w, 'f', 3000 + i, 3000 + i) for i in range(3)], [True, True, True])
    eq(reads(w, 'f', 1009), False)


@test(smb=True, squash='none')
def way(w):
    """Directories on the way: NFS needs to search them, SMB passes those with lists."""
    os.chmod(w.export, 0o755)
    os.makedirs(w.path('a/b'))
    put(w.path('a/b/f'), b'data', 0o644)
    w.server.ctl('acl', 'set', w.path('a'), 'allow:user:alice:full')
    os.chmod(w.path('a/b'), 0o711)
    steps = check(w, 'a/b/f', '--protocol', 'nfs', user='bob')['step']
    eq([(s['name'], s['granted'], s['reason']) for s in steps],
       [('', True, 'mode'), ('a', False, 'list'), ('b', True, 'mode')])
    text = told(w, 'a/b/f', user='bob')
    assert 'out of reach: /a/ does not let' in text, text
    steps = check(w, 'a/b/f', '--protocol', 'smb', user='bob')['step']
    eq([(s['name'], s['granted'], s['reason']) for s in steps],
       [('', True, 'mode'), ('a', True, 'traverse'), ('b', True, 'mode')])
    s = smb2.Smb2(w.client, user='bob')
    eq([may(s, 'a\\b\\f', READ_DATA), may(s, 'a', READ_DATA)], [True, False])
    n = w.client.nfs(rpc.auth_sys(3001, 3001))
    eq(n.lookup(n.lookup(n.root, 'a').fh, 'b').status, nfs3.ACCES)
    assert '/a/b/      yes' in told(w, 'a/b/f')
    eq(check(w, '').get('step', []), [], 'the root has no way')
    eq(rights(check(w, ''))['delete']['reason'], 'mode')


@test(smb=True, squash='root-to-guest')
def admission(w):
    """Client rules, share users, squash modes, guests and security flavours."""
    put(w.path('f'), b'data', 0o600)
    addr = w.client.addr
    share = ('--client', addr)
    w.server.ctl('share', 'set', 'data', 'no-rules')
    got = check(w, 'f', '--protocol', 'nfs', *share)
    eq((got['has_rules'], 'rule' in got, got['refused']), (False, False, 'flavor'))
    assert 'no client rules' in told(w, 'f', '--protocol', 'nfs', *share)
    got = check(w, 'f', '--protocol', 'smb', *share)
    eq((got['has_rules'], 'rule' in got, 'refused' in got), (False, False, False))
    w.server.ctl('share', 'set', 'data', 'allow-all', 'protocols', 'smb')
    got = check(w, 'f', '--protocol', 'nfs', *share)
    eq((got['rule'], got['refused']), ('any', 'flavor'))
    w.server.ctl('share', 'set', 'data', 'protocols', 'nfs')
    eq(check(w, 'f', '--protocol', 'smb', *share)['refused'], 'login')
    got = check(w, 'f', '--protocol', 'nfs', *share)
    eq((got['rule'], 'refused' in got), ('any', False))
    w.server.ctl('share', 'set', 'data', 'protocols', 'nfs,smb')
    w.server.set('data', allow=['192.0.2.0/24', f'{addr}=ro,squash=all-to-guest'])
    got = check(w, 'f', *share)
    eq((got['rule'], got['rule_number'], got['rule_access'], got['squash'], got['writable'],
        got['guest'], got['acting_uid']),
       (addr, 2, 'read', 'all-to-guest', False, True, 65534))
    eq(rights(got)['write-data']['reason'], 'read-only')
    got = check(w, 'f', '--client', '198.51.100.1')
    eq((got['refused'], 'rule' in got, got.get('decision', [])), ('rule', False, []))
    assert 'no rule of the share is for it' in told(w, 'f', '--client', '198.51.100.1')
    w.server.set('data', allow=['client1.e2e.test=none', '*'])
    got = check(w, 'f', *share)
    eq((got['refused'], got['rule'], got['rule_number']), ('rule', 'client1.e2e.test', 1),
       'names are asked of the helper')
    w.server.ctl('share', 'set', 'data', 'allow-all')
    w.server.set('data', users=['alice=read', 'bob=admin'], groups=['carol=none'],
                 default_access='write')
    grants = [(g['grant'], g['grant_by'], g['grant_id'], g.get('refused')) for g in
              (check(w, 'f', user=u) for u in ('alice', 'carol', '1009'))]
    eq(grants, [('read', 'user', 3000, None), ('none', 'group', 3002, 'grant'),
                ('write', 'default', 0, None)])
    got = check(w, 'f', '--protocol', 'nfs', user='bob')
    eq((got['grant'], got['admin'], rights(got)['read-data']['granted']), ('admin', False, False))
    assert 'did not prove' in told(w, 'f', user='bob')
    got = check(w, 'f', '--protocol', 'smb', user='bob')
    eq((got['admin'], rights(got)['read-data']['reason']), (True, 'administrator'))
    eq(may(smb2.Smb2(w.client, user='bob'), 'f', READ_DATA), True)
    got = check(w, 'f', '--protocol', 'nfs-krb5')
    eq(got['refused'], 'flavor')
    assert 'flavour krb5' in told(w, 'f', '--protocol', 'nfs-krb5')
    eq(check(w, 'f', '--protocol', 'smb', user=None)['refused'], 'guest')
    w.server.set('data', guest=True)
    got = check(w, 'f', '--protocol', 'smb', user=None)
    eq((got['guest'], got['acting_uid']), (True, 65534))
    w.server.set('data', ro=True)
    got = check(w, 'f', user='1009')
    eq((got['read_only'], got['writable'], rights(got)['delete']['reason']),
       (True, False, 'read-only'))
    assert 'the share is read-only' in told(w, 'f', user='1009')


@test(server='ditto')
def refused(w):
    put(w.path('f'))
    f = w.path('f')
    for words, why in ((['check', f], '--user or --guest'),
                       (['check', '--user', 'root', '--guest', f], '--user or --guest'),
                       (['check', '--user', 'no-such-user', f], 'no user'),
                       (['check', '--user', 'root'], 'path'),
                       (['check', '--user', 'root', f, f], 'too many'),
                       (['check', '--user'], 'missing'),
                       (['check', '--users', 'root', f], 'no option'),
                       (['check', '--user', 'root', '--protocol', 'ftp', f], 'not allowed'),
                       (['check', '--user', 'root', '--protocol', 'nfs-des', f], 'not allowed'),
                       (['check', '--user', 'root', '--client', 'no.such.host', f], 'no.such'),
                       (['check', '--user', 'root', '--share', 'x', f], 'no share'),
                       (['check', '--user', 'root', '/'], 'in no share')):
        out = w.server.refused('access', *words)
        assert why in out, f'{words}: {why!r} is not in: {out}'


@test(smb=True, squash='none', guest=True)
def anonymous_by_rule(w):
    """The anonymous user of a rule stays a guest, whatever his number, and is never root."""
    s, addr = w.server, w.client.addr
    os.chmod(w.export, 0o777)
    os.chown(put(w.path('f'), b'data', 0o600), 1601, 1601)
    s.ctl('share', 'set', 'data', 'user', '1501=admin', 'default-access', 'none')
    eq(check(w, 'f', '--protocol', 'smb', '--client', addr, user=None)['refused'], 'grant')
    s.ctl('share', 'set', 'data', 'allow', f'{addr},squash=all-to-guest,anon-uid=1501')
    eq(s.json('share', 'show', 'data')[0]['rules'],
       [{'spec': addr, 'access': 'write', 'squash': 'all-to-guest', 'anon_uid': 1501}])
    assert f'{addr}=rw,squash=all-to-guest,anon-uid=1501\n' in s.ctl('share', 'show', 'data')
    got = check(w, 'f', '--protocol', 'smb', '--client', addr, user=None)
    eq((got['acting_uid'], got['acting_gid'], got['guest'], 'refused' in got),
       (1501, 65534, True, False))
    eq(granted(got) & {'read-data', 'write-owner'}, set(), 'as no administrator')
    put(f'{w.base}/local', b'x')
    smb.SmbClient(w.client, user=None).do(f'put {w.base}/local made')
    eq(os.stat(w.path('made')).st_uid, 1501)
    for key in 'anon-uid', 'anon-gid':
        for words in ('allow', f'any,{key}=0'), (key, '0'):
            assert 'squash all-to-admin' in s.refused('share', 'set', 'data', *words)
        name = key.upper().replace('-', '_')
        for wanted in (('SHARE_RULES', [('RULES_RULE', [('RULE_SPEC', 'any'),
                                                        (f'RULE_{name}', 0)])]),
                       (f'SHARE_{name}', 0)):
            with expect_errno(errno.EINVAL):
                s.call('SHARE_SET', ('SHARE_NAME', 'data'), wanted)
