# SPDX-License-Identifier: GPL-2.0-only
"""Access by lists and modes, compared with a model made from the specifications alone.

A case is a user who asks by one protocol for an object whose list was set by another one. Cases
are made by a generator with named seeds, besides those that are chosen by hand. A case that fails
is printed with the list, the token, what the model says and why, and the words of "dittoctl
access check".
"""
import collections
import itertools
import os
import random

import acl_actors as actors
import acl_model as m
import nfs3
from acl_actors import ALICE_SID, SALES_SID, STAFF, STRANGE_SID, TEAM, TOKENS, USERS_SID
from acl_model import ALLOW, DENY, Ace, Object, Who
from checks import eq
from harness import test
from processes import as_user

BY_NFS = ('3', '4.0', '4.1')
DATA = m.READ_DATA | m.WRITE_DATA | m.APPEND_DATA | m.EXECUTE
EXPORT = Object(0, 0, True, 0o777)
LIMIT = 6                                        # failures that are printed whole

USER = {name: Who('user', TOKENS[name].uid) for name in TOKENS}
PEOPLE = [*(USER[name] for name in ('alice', 'bob', 'carol')), Who('gid', TEAM),
          Who('gid', STAFF), Who('sid', ALICE_SID), Who('sid', SALES_SID),
          Who('sid', USERS_SID), Who('sid', STRANGE_SID), m.EVERYONE, m.AUTHENTICATED,
          m.ANONYMOUS, m.NETWORK, m.OWNER_RIGHTS]
# SMB has no owner@ and group@: a descriptor names them.
PRINCIPALS = {'smb': PEOPLE, 'nfs4': PEOPLE + [m.OWNER, m.GROUP], 'ctl': PEOPLE + [m.OWNER,
                                                                                  m.GROUP]}


class Tally:
    """The cases, and those in which the server and the model differ."""

    def __init__(self, s):
        self.s, self.cases, self.probes, self.failures = s, 0, 0, []
        self.counts = collections.Counter()

    def case(self, obj, name, protocol, setter):
        self.cases += 1
        wrong = []
        for what, want, got, bit in actors.probes(self.s, obj, name, protocol):
            self.probes += 1
            if want != got:
                wrong.append((what, want, got, bit))
                self.counts[protocol, what.split(',')[0], want, got] += 1
        if wrong:
            self.failures.append(self.report(obj, name, protocol, setter, wrong))

    def report(self, obj, name, protocol, setter, wrong):
        token = self.s.token(name, protocol)
        why = m.answer(obj, token).why
        out = [f'--- set by {setter}, used by {protocol}', obj.words(), obj.parent.words(),
               str(token)]
        for what, want, got, bit in wrong:
            by = next((why[right] for right in m.RIGHTS.values() if right & bit and right in why),
                      'nothing allows it')
            out.append(f'{what}: the model says {want} ({by}), the server {got}')
        if len(self.failures) < LIMIT:
            out.append(actors.told(self.s, obj, name, protocol))
        return '\n'.join(out)

    def all_of(self, obj, setter, names=('alice', 'bob', 'carol'), protocols=('smb', *BY_NFS)):
        for name in names:
            for protocol in protocols:
                if name in ('guest', actors.ADMIN) and protocol != 'smb':
                    continue
                self.case(obj, name, protocol, setter)

    def end(self, at_least):
        print(f'{self.cases} cases, {self.probes} probes, {len(self.failures)} differ')
        for key, count in sorted(self.counts.items(), key=str):
            print(count, *key)
        if self.failures:
            raise AssertionError('\n'.join(self.failures[:LIMIT]))
        assert self.cases >= at_least, f'{self.cases} cases only'


def random_mask(rng):
    kind = rng.randrange(5)
    if kind == 0:
        return m.ALL
    if kind == 1:
        return 1 << rng.choice([0, 1, 2, 5, 6, 8, 16, 17, 18, 19])
    if kind == 2:
        return rng.choice([m.READ_DATA | m.EXECUTE | m.READ_ACL, m.WRITE_DATA | m.APPEND_DATA,
                           m.READ_DATA | m.WRITE_DATA | m.DELETE])
    return rng.getrandbits(21) & m.ALL or m.READ_DATA


def random_list(rng, setter, most=5):
    return [Ace(rng.choice((ALLOW, ALLOW, DENY)), rng.choice(PRINCIPALS[setter]),
                random_mask(rng)) for _ in range(rng.randint(1, most))]


def setup(s, setter, aces, parent=None, directory=False, uid=3000, gid=TEAM, protected=False):
    """An object with a list in a directory that has a list, or a mode."""
    top = Object(uid, gid, True, 0o755, name=f'case{next(s.n)}')
    top.aces, top.mode = (parent, 0) if isinstance(parent, list) else (None, parent or 0o755)
    obj = Object(uid, gid, directory, aces=aces, protected=protected, parent=top, name='object')
    make(s, top, obj)
    set_list = actors.SETTERS[setter]
    set_list(s, obj)
    if top.aces is not None:
        set_list(s, top)
    return obj


def make(s, top, obj):
    actors.make(s, top)
    actors.make(s, obj)


def matrix(w, setter, seed, count, at_least):
    """Random lists by one setter, used by everybody."""
    rng = random.Random(seed)
    with actors.stage(w) as s:
        tally = Tally(s)
        for i in range(count):
            parent = random_list(rng, setter) if rng.random() < 0.5 else rng.choice(
                (0o755, 0o777, 0o1777, 0o770, 0o711))
            obj = setup(s, setter, random_list(rng, setter), parent, directory=i % 3 == 2,
                        uid=rng.choice((3000, 3001)), gid=rng.choice((TEAM, STAFF, 3000)))
            tally.all_of(obj, setter)
            tally.all_of(obj, setter, ('guest',), ('smb',))
        tally.end(at_least)


SHARE = dict(smb=True, squash='root-to-admin', timeout=300)


@test(**SHARE)
def lists_by_smb(w):
    matrix(w, 'smb', 'a list by SMB', 7, 90)


@test(**SHARE)
def lists_by_nfs4(w):
    matrix(w, 'nfs4', 'a list by NFSv4', 7, 90)


@test(**SHARE)
def lists_by_dittoctl(w):
    matrix(w, 'ctl', 'a list by dittoctl', 7, 90)


@test(**SHARE)
def rights_one_by_one(w):
    """Each right allowed alone, and denied alone, to files and directories."""
    with actors.stage(w) as s:
        tally, setters = Tally(s), itertools.cycle(actors.SETTERS)
        by_nfs = itertools.cycle(BY_NFS)
        for right in m.RIGHTS.values():
            for aces in ([Ace(ALLOW, USER['bob'], right)],
                         [Ace(DENY, Who('gid', TEAM), right), Ace(ALLOW, m.EVERYONE, m.ALL)]):
                for directory in (False, True):
                    setter = next(setters)
                    tally.all_of(setup(s, setter, aces, directory=directory), setter, ('bob',),
                                 ('smb', next(by_nfs)))
        tally.end(100)


@test(**SHARE)
def principals_one_by_one(w):
    """Each principal allowed and denied everything, for each kind of user."""
    with actors.stage(w) as s:
        tally, setters = Tally(s), itertools.cycle(actors.SETTERS)
        for who in PRINCIPALS['ctl']:
            for aces in ([Ace(ALLOW, who, m.ALL)],
                         [Ace(DENY, who, m.ALL), Ace(ALLOW, m.EVERYONE, m.ALL)]):
                setter = 'ctl' if who in (m.OWNER, m.GROUP) else next(setters)
                obj = setup(s, setter, aces)
                tally.all_of(obj, setter, protocols=('4.1',))
                tally.all_of(obj, setter, ('alice', 'guest'), ('smb',))
            tally.all_of(obj, setter, (actors.ADMIN,), ('smb',))
            tally.all_of(obj, setter, ('root',), ('3',))
        tally.end(150)


@test(**SHARE)
def modes(w):
    """Modes and POSIX ACLs, set by NFSv3 and on the server."""
    rng = random.Random('modes')
    with actors.stage(w) as s:
        tally = Tally(s)
        for i in range(9):
            top = Object(0, 0, True, rng.choice((0o755, 0o777, 0o1777, 0o711)),
                         name=f'case{next(s.n)}')
            obj = Object(rng.choice((3000, 3001)), rng.choice((TEAM, STAFF, 3002)), i % 3 == 2,
                         rng.getrandbits(9), parent=top, name='object')
            by = ('nfs3', 'local')[i % 2]
            if i % 3 == 0:
                obj.posix = posix_acl(rng, obj)
            make(s, top, obj)
            actors.set_mode(s, obj, by)
            tally.all_of(obj, by)
            tally.all_of(obj, by, ('guest', actors.ADMIN), ('smb',))
        tally.end(100)


def posix_acl(rng, obj):
    """Entries for users and groups; the mode's bits for the group are then the mask."""
    out = {('user', 3001): rng.getrandbits(3), ('user', 3002): rng.getrandbits(3),
           ('gid', TEAM): rng.getrandbits(3), 'group': obj.mode >> 3 & 7,
           'mask': rng.getrandbits(3)}
    del out['user', rng.choice((3001, 3002))]
    return out


@test(**SHARE)
def mode_of_a_list(w):
    """The mode that comes with a list, and what a chmod leaves of it."""
    rng = random.Random('a mode and a list')
    with actors.stage(w) as s:
        for i in range(20):
            setter = ('nfs4', 'ctl')[i % 2]
            obj = setup(s, setter, random_list(rng, setter))
            path = s.w.path(actors.path_of(obj))
            eq(oct(os.stat(path).st_mode & 0o777), oct(m.mode_of(obj)), obj.words())
            mode = rng.getrandbits(9)
            if mode == m.mode_of(obj):
                continue
            if i % 3:
                n = s.nfs['3', 'root']
                eq(n.setattr(s.fh(actors.path_of(obj), '3'), nfs3.sattr(mode=mode)).status, 0)
            else:
                os.chmod(path, mode)
            eq(oct(os.stat(path).st_mode & 0o777), oct(mode))
            for name in ('alice', 'bob', 'carol'):
                token = s.token(name, 'smb')
                must, may = m.after_chmod(obj, mode, token)
                got = actors.smb_maximum(s, name, actors.path_of(obj).replace('/', '\\')) & DATA
                if must & ~got or got & ~may:
                    raise AssertionError(
                        f'{obj.words()}\n{token}\nchmod {mode:o}: the model says '
                        f'{m.rights_text(must)} to {m.rights_text(may)}, the server '
                        f'{m.rights_text(got)}\n{actors.told(s, obj, name, "smb")}')


KEEPS = (0, m.FILES, m.DIRS, m.FILES | m.DIRS, m.FILES | m.INHERIT_ONLY,
         m.DIRS | m.INHERIT_ONLY, m.FILES | m.DIRS | m.INHERIT_ONLY, m.FILES | m.NO_PROPAGATE,
         m.DIRS | m.NO_PROPAGATE, m.FILES | m.DIRS | m.NO_PROPAGATE,
         m.FILES | m.DIRS | m.NO_PROPAGATE | m.INHERIT_ONLY)


def inheritable(rng, setter):
    """A list of a directory, in which its owner may do everything."""
    creators = [m.CREATOR_OWNER, m.CREATOR_GROUP] if setter == 'smb' else [m.OWNER, m.GROUP]
    whos = PRINCIPALS[setter] + creators * 3
    own = Ace(ALLOW, USER['alice'], m.ALL, rng.choice((0, m.FILES | m.DIRS)))
    return [own] + [Ace(rng.choice((ALLOW, DENY)), rng.choice(whos), random_mask(rng),
                        rng.choice(KEEPS)) for _ in range(rng.randint(1, 5))]


@test(**SHARE)
def inheritance(w):
    """What is created in a directory, and in one that was created there, by each protocol."""
    rng = random.Random('inheritance')
    with actors.stage(w) as s:
        w.server.ctl('share', 'set', 'data', 'acl-mode', 'passthrough')
        tally, setters = Tally(s), itertools.cycle(actors.SETTERS)
        for i in range(18):
            setter, protocol = next(setters), ('smb', *BY_NFS)[i % 4]
            top = Object(3000, TEAM, True, aces=inheritable(rng, setter), name=f'in{i}',
                         parent=EXPORT, protected=i % 2 == 0,
                         auto=setter != 'nfs4' and i % 4 == 1)
            actors.make(s, top)
            actors.SETTERS[setter](s, top)
            new = created(s, top, 'file', False, protocol)
            inner = created(s, created(s, top, 'dir', True, protocol), 'file', i % 2, protocol)
            if i % 3 == 0:
                for obj in (top, new, inner):
                    tally.all_of(obj, setter, ('alice', 'bob'), ('smb', '3', '4.1'))
        tally.end(80)
        w.server.ctl('share', 'set', 'data', 'acl-mode', 'groupmask')


def created(s, parent, name, directory, protocol):
    """An object that its owner, or else the administrator, created by this protocol."""
    obj = Object(3000, 3000, bool(directory), parent=parent, name=name)
    good = actors.create(s, obj, 'alice', protocol)
    if protocol != 'smb':
        want = actors.may_add(parent, s.token('alice', protocol),
                              m.APPEND_DATA if directory else m.WRITE_DATA)
        eq(good, bool(want), f'creation by {protocol} in {parent.words()}')
    if not good:
        admin = actors.ADMIN if protocol == 'smb' else 'root'
        obj.uid = obj.gid = TOKENS[admin].uid
        eq(actors.create(s, obj, admin, protocol), True)
    path = actors.path_of(obj)
    obj.aces = m.inherited(parent, obj.directory, obj.uid, obj.gid) or None
    obj.auto = parent.auto
    obj.mode = os.stat(s.w.path(path)).st_mode & 0o7777
    got = actors.shown_list(s.w, path, obj)
    if got != (obj.aces and [actors.stored_ace(ace, obj) for ace in obj.aces]):
        have = '\n'.join(f'  {ace}' for ace in got or ())
        raise AssertionError(f'in {parent.words()}\nthe model says {obj.words()}\n'
                             f'the server:\n{have}')
    if directory:
        actors.put(f'{s.w.path(path)}/child', b'child', 0o644)
    return obj


FILE_LISTS = {'nothing': [Ace(ALLOW, m.EVERYONE, m.READ_DATA)],
              'allows': [Ace(ALLOW, USER['bob'], m.DELETE)],
              'denies': [Ace(DENY, USER['bob'], m.DELETE), Ace(ALLOW, m.EVERYONE, m.ALL)],
              'mode': None}
DIR_LISTS = {'nothing': [Ace(ALLOW, m.EVERYONE, m.READ_DATA | m.EXECUTE)],
             'allows': [Ace(ALLOW, USER['bob'], m.DELETE_CHILD | m.EXECUTE)],
             'denies': [Ace(DENY, USER['bob'], m.DELETE_CHILD), Ace(ALLOW, m.EVERYONE, m.ALL)],
             'no search': [Ace(ALLOW, USER['bob'], m.DELETE_CHILD)],
             0o755: None, 0o777: None, 0o1777: None}


@test(**SHARE)
def removal(w):
    """DELETE of the file or DELETE_CHILD of its directory: each allowed, denied, or neither."""
    with actors.stage(w) as s:
        for (file_name, file_aces), (dir_name, dir_aces), protocol in itertools.product(
                FILE_LISTS.items(), DIR_LISTS.items(), ('smb', '3', '4.1')):
            top = Object(3000, 3000, True, dir_name if dir_aces is None else 0, dir_aces,
                         name=f'case{next(s.n)}')
            obj = Object(3000, 3000, mode=0o644, aces=file_aces, parent=top, name='object')
            make(s, top, obj)
            for one in (obj, top):
                if one.aces is not None:
                    actors.set_by_ctl(s, one)
            token = s.token('bob', protocol)
            want = m.may_remove(obj, token, protocol != 'smb')
            got = actors.removes(s, obj, 'bob', protocol)
            if got != want:
                raise AssertionError(f'{top.words()}\n{obj.words()}\n{token}\nremoval by '
                                     f'{protocol}: the model says {want}, the server {got}\n'
                                     + actors.told(s, obj, 'bob', protocol))
            eq(os.path.exists(w.path(actors.path_of(obj))), not got,
               f'{protocol}, {file_name} in {dir_name}')


@test(**SHARE)
def owners(w):
    """WRITE_OWNER is enough to take a file, or to give it to a group one is in, and no more."""
    uids, gids = {'bob': 3001, 'carol': 3002}, {'team': TEAM, 'staff': STAFF}
    with actors.stage(w) as s:
        for aces, vers in itertools.product(
                ([Ace(ALLOW, USER['bob'], m.WRITE_OWNER)], [Ace(ALLOW, m.EVERYONE, m.ALL)],
                 [Ace(DENY, Who('gid', TEAM), m.WRITE_OWNER), Ace(ALLOW, m.EVERYONE, m.ALL)],
                 [Ace(ALLOW, m.EVERYONE, m.WRITE_ACL)]), ('3', '4.0', '4.1')):
            for kind, ids in (('uid', uids), ('gid', gids)):
                for name, number in ids.items():
                    obj = setup(s, 'ctl', aces, gid=3000)
                    have = m.answer(obj, s.token('bob', vers)).granted & m.WRITE_OWNER
                    want = bool(have) and name in ('bob', 'team')
                    got = actors.owner_is_set(s, obj, 'bob', vers, **{kind: number})
                    eq(got, want, f'{kind} {name} by {vers}\n{obj.words()}')


@test(**SHARE)
def kernel_client(w):
    """Programs on a machine with the kernel's client find the same."""
    rng = random.Random('the client of the kernel')
    with actors.stage(w) as s:
        for vers in ('3', '4.1'):
            where = w.client.mount(vers=vers, opts='noac')
            for i in range(4):
                obj = setup(s, 'ctl', random_list(rng, 'ctl'), directory=i % 2 == 1)
                for name in ('bob', 'carol'):
                    token = s.token(name, vers)
                    path = f'{where}/{actors.path_of(obj)}'
                    got = as_user(token.uid, lambda p=path, o=obj: program(p, o.directory),
                                  token.uid, sorted(token.gids))
                    have = m.answer(obj, token).granted
                    search = have & m.EXECUTE
                    want = ({'list': bool(have & m.READ_DATA),
                             'create': bool(have & m.WRITE_DATA and search),
                             'mkdir': bool(have & m.APPEND_DATA and search),
                             'look up': bool(search)} if obj.directory else
                            {'write': bool(have & m.WRITE_DATA),
                             'read': bool(have & m.READ_DATA),
                             # the client looks for an execute bit, too
                             'execute': bool(search) and m.any_execute_bit(obj)})
                    eq(got, want, f'by version {vers}\n{obj.words()}\n{token}\n'
                       + actors.told(s, obj, name, vers))
            w.client.umount(where)


def program(path, directory):
    """What a process can do; run as the user."""
    def works(call, *args):
        try:
            call(*args)
        except PermissionError:
            return False
        return True
    if not directory:
        return {'read': works(opened, path, os.O_RDONLY),
                'write': works(opened, path, os.O_WRONLY), 'execute': os.access(path, os.X_OK)}
    return {'list': works(os.listdir, path), 'look up': works(os.stat, f'{path}/child'),
            'create': works(opened, f'{path}/new{os.getuid()}', os.O_CREAT | os.O_WRONLY),
            'mkdir': works(os.mkdir, f'{path}/newdir{os.getuid()}')}


def opened(path, flags):
    os.close(os.open(path, flags, 0o644))
