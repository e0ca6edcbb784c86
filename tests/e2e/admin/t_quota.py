# SPDX-License-Identifier: GPL-2.0-only
"""dittoctl quota: limits that stop the users of both protocols, and what they have used."""
import functools
import os

import json_schema
import nfs3
import rpc
import smb
from checks import eq, one_of
from files import MIB, put
from harness import test
from quotas import TEAM, WORK, limited
from smb2 import Smb2, refused

ALICE, BOB = smb.UIDS['alice'], smb.UIDS['bob']
tool = functools.partial(test, smb=True, squash='none', timeout=90)


def listed(w, *words):
    told = w.server.json('quota', *words)
    json_schema.check(told, json_schema.load('dittoctl.json')['$defs'][f'quota {words[0]}'],
                      words[0])
    return told


def limits_hold(w, kind):
    """A limit that the tool has set ends what its user writes, and no other's."""
    where, _ = limited(w, kind, kind)
    ctl = w.server.ctl
    ctl('quota', 'set', kind, 'user', 'alice', '--soft', '512K', '--hard', '1M', '--files-hard',
        '9')
    ctl('quota', 'set', kind, 'group', str(TEAM), '--files-soft', '7')
    ctl('quota', 'set', kind, 'project', str(WORK), '--hard', '3M')
    one, = listed(w, 'show', kind, 'user', 'alice')
    eq({k: one[k] for k in ('kind', 'id', 'name', 'used', 'soft', 'hard', 'files_soft',
                            'files_hard')},
       {'kind': 'user', 'id': ALICE, 'name': 'alice', 'used': 0, 'soft': MIB // 2, 'hard': MIB,
        'files_soft': None, 'files_hard': 9})
    for name, user in ('of-alice', ALICE), ('of-bob', BOB):
        os.chown(put(f'{where}/{name}', b''), user, user)
    s = Smb2(w.client, share=kind)
    f = s.create('by-smb')
    refused('DISK_FULL', lambda: [s.write(f, os.urandom(65536), i << 16) for i in range(32)])
    s.close(f)
    os.sync()
    one, = listed(w, 'show', kind, 'user', 'alice')
    one_of(one['used'], range(MIB - 65536, MIB + 1))
    eq((one['files'], 'soft_until' in one), (2, True))
    assert ' 1.0 MiB ' in ctl('quota', 'show', kind, 'user', str(ALICE)), 'for people'
    # what was just full is so for NFS, and another user has room
    for vers in '3', '4.2':
        w.vers = vers
        for name, user, want in (('of-alice', ALICE, nfs3.DQUOT), ('of-bob', BOB, nfs3.OK)):
            n = w.client.nfs(rpc.auth_sys(user, user), path=where)
            fh = n.lookup(n.root, name).fh
            eq([n.write(fh, i << 16, os.urandom(65536)).status for i in range(8)][-1], want)
    w.vers = '3'
    ctl('quota', 'set', kind, 'user', 'alice', '--hard', 'none', '--soft', '0')
    n = w.client.nfs(rpc.auth_sys(ALICE, ALICE), path=where)
    eq(n.write(n.create(n.root, 'more').fh, 0, bytes(MIB // 4)).status, nfs3.OK, 'no limit')
    one, = listed(w, 'show', kind, 'user', 'alice')
    eq((one['soft'], one['hard'], one['files_hard'], 'soft_until' in one),
       (None, None, 9, False))
    # each kind, and all of them
    os.sync()
    eq({(x['kind'], x['id']) for x in listed(w, 'list', kind)} >=
       {('user', ALICE), ('user', BOB), ('group', TEAM), ('project', WORK)}, True)
    eq({x['kind'] for x in listed(w, 'list', kind, 'project')}, {'project'})
    assert 'alice' in ctl('quota', 'list', kind, 'user')
    for words, said in (((kind, 'user', 'alice', '--soft', '2M', '--hard', '1M'), 'is above'),
                        ((kind, 'user', 'root', '--hard', '1M'), 'root may exceed'),
                        ((kind, 'user', 'nobody-here', '--hard', '1M'), 'no user'),
                        ((kind, 'user', 'alice', '--much', '1M'), '--files-hard is'),
                        ((kind, 'user', 'alice'), 'a limit is needed'),
                        ((kind, 'people', 'alice', '--hard', '1M'), 'user, group or project'),
                        (('nosuch', 'user', 'alice', '--hard', '1M'), 'nosuch')):
        assert said in w.server.refused('quota', 'set', *words), words
    s.end()


@tool
def on_ext4(w):
    limits_hold(w, 'ext4')


@tool
def on_xfs(w):
    limits_hold(w, 'xfs')


@tool
def turned_off(w):
    """Where nothing is counted, or nothing ends, the tool says which option of mount it takes."""
    for kind, said in (('ext4', 'with the option usrquota'), ('xfs', 'with the option uquota'),
                       ('btrfs', 'btrfs qgroup limit')):
        image = w.volume(f'{w.base}/{kind}', kind)
        w.server.add(kind, image.where)
        assert said in w.server.refused('quota', 'list', kind)
        assert said in w.server.refused('quota', 'set', kind, 'user', 'alice', '--hard', '1M')
