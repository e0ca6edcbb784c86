# SPDX-License-Identifier: GPL-2.0-only
"""Access control lists on the server's shell, and what clients then see."""
import os
import re
import struct

import nfs3
import rpc
import smb2
from checks import eq, one_of, wait_for
from files import put
from harness import test
from netlink import NUMBERS
from processes import run
from raw_helper import Helper
from servers import tool
from smb_acl import EVERYONE, READ_DATA, WRITE_DATA, may, session, smbcacls, text, user


def shown(w, name, *words):
    return w.server.json('acl', 'show', *words, w.path(name))


def entries(w, name):
    """The entries as text."""
    return [line for line in w.server.ctl('acl', 'show', w.path(name)).splitlines()
            if not line.startswith('#')]


def give(w, name, *words):
    w.server.ctl('acl', 'set', w.path(name), *words)


def reads(w, name, uid, gid=500, groups=()):
    """True if the user may read the file by NFS."""
    n = w.client.nfs(rpc.auth_sys(uid, gid, list(groups)))
    status = n.lookup(n.root, name)
    eq(status.status, nfs3.OK)
    fh, status = status.fh, []

    def answered():
        status[:] = [n.read(fh, 0, 9).status]
        return status[0] != nfs3.JUKEBOX
    wait_for('the SIDs of the user', answered, 30)
    one_of(status[0], (nfs3.OK, nfs3.ACCES), 'READ')
    return status[0] == nfs3.OK


@test(server='ditto', squash='none')
def sources(w):
    """The origin of a list: mode, POSIX ACL, the stored one, changed by a local chmod."""
    f = w.path('f')
    put(f, b'data', 0o640)
    os.chown(f, 1001, 1002)
    one = shown(w, 'f')
    eq([one[key] for key in ('path', 'share', 'directory', 'uid', 'gid', 'mode', 'source')],
       [f, 'data', False, 1001, 1002, '0640', 'mode'])
    eq({e['who'] for e in one['entries']}, {'owner', 'group', 'everyone'})
    run('setfacl', '-m', 'u:1003:r', f)
    one = shown(w, 'f')
    eq(one['source'], 'posix-acl')
    assert [1003] == [e['id'] for e in one['entries'] if e['who'] == 'uid'], one
    run('setfacl', '-b', f)
    give(w, 'f', 'allow:user:1003:read', 'allow:owner@:full')
    one = shown(w, 'f')
    eq((one['source'], len(one['entries'])), ('stored', 2))
    eq((one['entries'][0]['id'], one['entries'][0]['name'], one['entries'][0]['type']),
       (1003, '1003', 'allow'))
    os.chmod(f, 0o604)
    eq(shown(w, 'f')['source'], 'adapted')
    assert 'later chmod' in w.server.ctl('acl', 'show', f)
    run('setfacl', '-m', 'u:1004:r', f)
    eq(shown(w, 'f')['source'], 'posix-acl-over-stored')
    run('setfacl', '-b', f)
    os.setxattr(f, 'trusted.ditto.acl', b'DACL and then nonsense')
    one = shown(w, 'f')
    eq((one['source'], one['entries']), ('damaged', []))
    eq(reads(w, 'f', 1009), False, 'nobody passes a damaged list')
    give(w, 'f', 'allow:everyone@:read')
    eq((shown(w, 'f')['source'], reads(w, 'f', 1009)), ('stored', True))
    give(w, 'f', '--remove')
    eq((shown(w, 'f')['source'], 'trusted.ditto.acl' in os.listxattr(f)), ('mode', False))


@test(smb=True, squash='none')
def obeyed(w):
    """A list that is set on the server is what users of NFS and SMB are checked by."""
    s = session(w, 'bob')
    put(w.path('f'), b'data', 0o600)
    give(w, 'f', 'deny:user:bob:write-data,append-data', 'allow:user:bob:modify',
         'allow:group:carol:read', 'allow:sid:S-1-5-21-1-2-3-1000:full', 'allow:owner@:full')
    eq(entries(w, 'f'), ['deny:user:bob:write-data,append-data', 'allow:user:bob:modify',
                         'allow:group:carol:read', 'allow:sid:S-1-5-21-1-2-3-1000:full',
                         'allow:owner@:full'])
    eq([may(s, 'f', access) for access in (READ_DATA, WRITE_DATA, smb2.DELETE)],
       [True, False, True])
    eq([reads(w, 'f', uid, gid) for uid, gid in ((3001, 3001), (3000, 3000), (1009, 3002))],
       [True, False, True])
    sids = smbcacls(w, 'f', who='bob')
    for one in (text('bob'), 'S-1-22-2-3002', 'S-1-5-21-1-2-3-1000'):
        assert f'ACL:{one}:' in sids, sids
    give(w, 'f', 'flags:protected', 'allow:everyone@:full')
    assert re.search('CONTROL:.*(PD|0x9)', smbcacls(w, 'f', who='bob')), sids
    eq(may(s, 'f', WRITE_DATA), True)


@test(server='ditto', squash='none')
def squashed_are_anonymous(w):
    """A squashed user is in ANONYMOUS@ and not in AUTHENTICATED@, whoever his client says he is."""
    for name, who in (('a', 'authenticated@'), ('b', 'anonymous@'), ('c', 'everyone@')):
        put(w.path(name), b'data', 0o600)
        give(w, name, f'allow:{who}:read')
    eq([reads(w, name, 1009) for name in 'abc'], [True, False, True])
    w.server.set('data', squash='all-to-guest', anon=(1009, 1002))
    eq([reads(w, name, 1009) for name in 'abc'], [False, True, True])


@test(server='ditto', squash='none')
def squashed_members(w):
    """A chmod gives squashed users of the file's group nothing that users had as such."""
    rules = 'allow:owner@:full', 'allow:authenticated@:read', 'allow:everyone@:read-attrs'
    n = w.client.nfs(rpc.auth_sys(1001, 1001))
    for name, by_client in (('a', True), ('b', False)):
        os.chown(put(w.path(name), b'data', 0o644), 1001, 1002)
        give(w, name, *rules)
        if by_client:
            eq(n.setattr(n.lookup(n.root, name).fh, nfs3.sattr(mode=0o740)).status, nfs3.OK)
        else:
            os.chmod(w.path(name), 0o740)
        eq((shown(w, name)['mode'], reads(w, name, 1009, 1002), reads(w, name, 1009)),
           ('0740', True, False), name)
    # What no user had is given to all members.
    os.chown(put(w.path('c'), b'data', 0o600), 1001, 1002)
    give(w, 'c', 'allow:owner@:full')
    os.chmod(w.path('c'), 0o640)
    w.server.set('data', squash='all-to-guest', anon=(1009, 1002))
    eq([reads(w, name, 1009, 1002) for name in 'abc'], [False, False, True])


@test(server='ditto', squash='none')
def handed_down(w):
    """Entries of a directory that is set on the server are inherited by what clients create."""
    os.mkdir(w.path('d'), 0o777)
    give(w, 'd', 'allow:user:1003:read:file-inherit,inherit-only', 'allow:everyone@:full')
    n = w.client.nfs(rpc.auth_sys(1001, 1001))
    d = n.lookup(n.root, 'd').fh
    eq(n.create(d, 'new', attrs=nfs3.sattr(mode=0o640)).status, nfs3.OK)
    one = shown(w, 'd/new')
    eq((one['source'], [e['id'] for e in one['entries'] if e['who'] == 'uid']), ('stored', [1003]))


@test(server='ditto', squash='none')
def files(w):
    """A list that is shown can be set: from a file, or from another file's list."""
    for name in ('a', 'b', 'c'):
        put(w.path(name), b'', 0o640)
    os.mkdir(w.path('d'))
    give(w, 'a', 'flags:protected,auto-inherited', 'deny:group:1003:write:inherited',
         'allow:authenticated@:read-execute', 'allow:user:root:read,delete',
         'allow:anonymous@:none', 'allow:network@:read-xattrs', 'allow:owner-rights@:read-acl')
    put(f'{w.base}/list', w.server.ctl('acl', 'show', w.path('a')).encode())
    give(w, 'b', '--file', f'{w.base}/list')
    give(w, 'c', '--copy-from', w.path('a'))
    want = shown(w, 'a')
    eq(len(want['entries']), 6)
    for name in ('b', 'c'):
        one = shown(w, name)
        eq((one['entries'], one['flags'], one['source']), (want['entries'], want['flags'],
                                                           'stored'), name)
    os.symlink('a', w.path('link'))
    eq(shown(w, 'link')['path'], w.path('a'), 'symbolic links are followed')


@test(server='ditto', squash='none')
def names_of_clients(w):
    """The name of a file adds no line to what is shown, and sends nothing to the terminal."""
    name = 'x\nallow:everyone@:full\x1b[2J'
    put(w.path(name), b'', 0o600)
    put(w.path('y'), b'', 0o600)
    eq(entries(w, name), entries(w, 'y'))
    first = w.server.ctl('acl', 'show', w.path(name)).splitlines()[0]
    eq(first, '# file: ' + w.path('x?allow:everyone@:full?[2J'))
    os.mkdir(w.path('d\n'), 0o700)
    put(w.path('d\n/f\x1b'), b'', 0o600)
    said = w.server.ctl('access', 'check', '--user', 'nobody', w.path('d\n/f\x1b'))
    assert 'd?/f?\n' in said and '/d?/ does not let' in said and '\x1b' not in said, said
    said = w.server.refused('acl', 'show', w.path('none\n\x1b'))
    assert '\x1b' not in said and 'none??' in said, said


@test(server='ditto', squash='none')
def refused(w):
    """Mistakes are told in words, and change nothing."""
    put(w.path('f'), b'', 0o640)
    os.mkdir(w.path('.ditto'))
    put(w.path('.ditto/x'))
    f = w.path('f')
    for words, why in (
            (['show', '/etc/passwd'], 'in no share'),
            (['show', '--share', 'other', f], 'no share "other"'),
            (['show', w.path('none')], 'No such file'),
            (['show'], 'path'), (['show', f, 'f'], 'too many'),
            (['show', w.path('.ditto/x')], 'no client can reach'),
            (['set', f], 'needed'), (['set', f, '--file'], 'missing'),
            (['set', f, '--file', '/none'], 'No such file'),
            (['set', f, 'allow:owner@'], 'not written as'),
            (['set', f, 'allow:owner@:full:file-inherit:x'], 'not written as'),
            (['set', f, 'allow:owner:full'], 'is nobody'),
            (['set', f, 'permit:owner@:full'], 'one of allow, deny'),
            (['set', f, 'allow:user:no-such-user:full'], 'no user'),
            (['set', f, 'allow:group:no-such-group:full'], 'no group'),
            (['set', f, 'allow:sid:S-1-5-x:full'], 'no SID'),
            (['set', f, 'allow:sid:S-1-5' + 16 * '-1' + ':full'], 'no SID'),
            (['set', f, 'allow:owner@:fly'], 'no right'),
            (['set', f, 'allow:owner@:full:sideways'], 'not allowed'),
            (['set', f, 'flags:fast'], 'not allowed'),
            (['set', f, 'allow:owner@:full:file-inherit'], 'only a directory'),
            (['set', f, '--remove', 'x'], 'too many'),
            (['set', f] + 129 * ['allow:owner@:full'], 'more than 128')):
        told = w.server.refused('acl', *words)
        assert why in told, f'{words[:3]}: {why!r} is not in: {told}'
    run('chattr', '+i', f)
    told = w.server.refused('acl', 'set', f, 'allow:owner@:full')
    run('chattr', '-i', f)
    assert 'immutable' in told, told
    eq(shown(w, 'f')['source'], 'mode')


@test(server='ditto', share=False)
def nested_shares(w):
    """A file in two shares: the inner one, or the one that is named."""
    os.makedirs(w.path('outer/inner'))
    put(w.path('outer/inner/f'))
    w.server.serve('outer', w.path('outer'))
    w.server.serve('inner', w.path('outer/inner'))
    eq([shown(w, 'outer/inner/f')['share'], shown(w, 'outer/inner')['share'],
        shown(w, 'outer')['share'],
        w.server.json('acl', 'show', '--share', 'outer', w.path('outer/inner/f'))['share']],
       ['inner', 'inner', 'outer', 'outer'])


def malformed(f):
    """Attributes of acl-set that the kernel must refuse, by what is wrong."""
    attr = Helper.attribute

    def number(name, value):
        return attr(NUMBERS[f'DITTO_A_ACE_{name}'], struct.pack('=I', value))

    def entry(*parts):
        return attr(0x8000 | NUMBERS['DITTO_A_ACL_ACE'], b''.join(parts))
    path = attr(NUMBERS['DITTO_A_ACL_PATH'], f.encode() + b'\0')
    whole = (number('TYPE', 0), number('WHO', 0), number('RIGHTS', 1))
    sid = NUMBERS['DITTO_A_ACE_SID']
    return {
        'no path': entry(*whole),
        'no rights': path + entry(*whole[:2]),
        'no type': path + entry(*whole[1:]),
        'a type beyond': path + entry(number('TYPE', 2), *whole[1:]),
        'a principal beyond': path + entry(whole[0], number('WHO', 10), whole[2]),
        'rights beyond': path + entry(*whole[:2], number('RIGHTS', 1 << 30)),
        'flags beyond': path + entry(*whole, number('FLAGS', 0x20)),
        'an owner with a number': path + entry(*whole, number('ID', 1)),
        'a user without': path + entry(whole[0], number('WHO', 3), whole[2]),
        'no user': path + entry(whole[0], number('WHO', 3), whole[2], number('ID', 2**32 - 1)),
        'a SID for the owner': path + entry(*whole, attr(sid, EVERYONE)),
        'a SID too short': path + entry(whole[0], number('WHO', 9), whole[2],
                                        attr(sid, EVERYONE[:11])),
        'a SID too long': path + entry(whole[0], number('WHO', 9), whole[2],
                                       attr(sid, user('bob') + bytes(80))),
        'an entry cut off': path + entry(b'\xff\xff\1\0'),
        'set and remove': path + entry(*whole) + attr(NUMBERS['DITTO_A_ACL_REMOVE'], b'\1'),
        'list flags beyond': path + attr(NUMBERS['DITTO_A_ACL_FLAGS'], struct.pack('=I', 32)),
    }


@test(server='ditto', squash='none')
def owners_only(w):
    """CAP_NET_ADMIN alone changes no lists of others' files."""
    ctl = ('setpriv', '--bounding-set', '-fowner', '--inh-caps', '-fowner', tool('dittoctl'))
    for name, uid in (('mine', 0), ('yours', 1001)):
        os.chown(put(w.path(name), b'', 0o640), uid, uid)
        os.setxattr(w.path(name), 'security.NTACL', b'no list')
    w.server.ns.run(*ctl, 'acl', 'set', w.path('mine'), 'allow:everyone@:read')
    eq(shown(w, 'mine')['source'], 'stored')
    for verb, *words in (('set', 'allow:everyone@:read'), ('set', '--remove'), ('import',)):
        p = w.server.ns.run(*ctl, 'acl', verb, w.path('yours'), *words, check=False)
        eq(('CAP_FOWNER' in p.stdout, bool(p.returncode)), (True, True), p.stdout)
    eq(shown(w, 'yours')['source'], 'mode')
    w.server.ns.run(*ctl, 'acl', 'show', w.path('yours'))
    give(w, 'yours', 'allow:everyone@:read')
    eq(shown(w, 'yours')['source'], 'stored')


@test(server='ditto', squash='none')
def policy(w):
    """The kernel refuses malformed requests, and keeps the list."""
    put(w.path('f'), b'', 0o640)
    c = Helper(w)
    for what, attributes in malformed(w.path('f')).items():
        answer = c.call(NUMBERS['DITTO_CMD_ACL_SET'], 1, attributes)
        kind, = struct.unpack_from('=H', answer, 4)
        error = -struct.unpack_from('=i', answer, 16)[0] if kind == 2 else 0
        assert kind == 2 and error in (22, 34, 7), f'{what}: message {kind}, error {error}'
    eq(shown(w, 'f')['source'], 'mode')
