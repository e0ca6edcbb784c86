# SPDX-License-Identifier: GPL-2.0-only
"""The matrix of access: those who set lists, and those who use what the lists protect.

Setters and users speak the protocols by hand. A user's probes tell what the server allows; each
is compared with the model of acl_model.py.
"""
import contextlib
import itertools
import os

import acl_model as m
import nfs3
import nfs4
import nfs4as3
import rpc
import servers
import smb
import smb2
import smbraw
from acl_model import Token, Who
from checks import eq, wait_for
from files import put
from processes import run
from smb_acl import DACL, descriptor, granted, set_sd, sid

TEAM, STAFF = 3110, 3111
MEMBERS = {TEAM: ('team', ['bob', 'carol']), STAFF: ('staff', ['carol'])}
ALICE_SID, SALES_SID = 'S-1-5-21-7-8-9-1104', 'S-1-5-21-7-8-9-1201'
USERS_SID, STRANGE_SID = 'S-1-5-32-545', 'S-1-5-21-70-80-90-1201'
MAP = '/etc/ditto/idmap'
LINES = f'{ALICE_SID} uid 3000 EXAMPLE\\alice\n{SALES_SID} gid {TEAM} EXAMPLE\\Sales\n'
SERVER = '[server]\nidentity = map local\nbuiltin = Users = alice\n'
ADMIN, ADMIN_UID = 'dora', 3009

TOKENS = {token.name: token for token in (
    Token('alice', 3000, frozenset({3000}), frozenset({ALICE_SID, USERS_SID})),
    Token('bob', 3001, frozenset({3001, TEAM}), frozenset({SALES_SID})),
    Token('carol', 3002, frozenset({3002, TEAM, STAFF}), frozenset({SALES_SID})),
    Token('guest', 65534, frozenset({65534}), guest=True),
    Token(ADMIN, ADMIN_UID, frozenset({ADMIN_UID}), admin=True),
    Token('root', 0, frozenset({0}), admin=True))}

WELL_KNOWN = {m.EVERYONE: sid(1, 0), m.AUTHENTICATED: sid(5, 11), m.ANONYMOUS: sid(5, 7),
              m.NETWORK: sid(5, 2), m.OWNER_RIGHTS: sid(3, 4), m.CREATOR_OWNER: sid(3, 0),
              m.CREATOR_GROUP: sid(3, 1)}
NFS4_NAMES = {m.OWNER: 'OWNER@', m.GROUP: 'GROUP@', m.EVERYONE: 'EVERYONE@',
              m.AUTHENTICATED: 'AUTHENTICATED@', m.ANONYMOUS: 'ANONYMOUS@',
              m.NETWORK: 'NETWORK@', m.OWNER_RIGHTS: 'S-1-3-4@'}


def sid_bytes(text):
    authority, *subs = (int(part) for part in text.split('-')[2:])
    return sid(authority, *subs)


def smb_who(who):
    if who in WELL_KNOWN:
        return WELL_KNOWN[who]
    if who.kind == 'sid':
        return sid_bytes(who.value)
    return sid(22, 1 if who.kind == 'user' else 2, who.value)


def nfs4_ace(ace):
    kind = 0 if ace.kind == m.ALLOW else 1
    flags = ace.flags & 15 | (0x80 if ace.flags & m.INHERITED else 0)
    if ace.who.kind == 'gid':
        return kind, flags | 0x40, ace.mask, str(ace.who.value)
    if ace.who.kind == 'sid':
        return kind, flags, ace.mask, f'{ace.who.value}@'
    return kind, flags, ace.mask, NFS4_NAMES.get(ace.who, str(ace.who.value))


def ctl_ace(ace):
    kind = {'gid': 'group'}.get(ace.who.kind, ace.who.kind)
    who = f'{kind}@' if ace.who.value is None else f'{kind}:{ace.who.value}'
    flags = [name for bit, name in m.FLAGS.items() if ace.flags & bit]
    return f'{ace.kind}:{who}:{m.rights_text(ace.mask)}' + (f':{",".join(flags)}' if flags else '')


def stored_ace(ace, obj):
    """The form in which entries are compared: by numbers where there are numbers."""
    same = {m.OWNER: Who('user', obj.uid), m.GROUP: Who('gid', obj.gid),
            m.CREATOR_OWNER: m.CREATOR_OWNER, m.CREATOR_GROUP: m.CREATOR_GROUP,
            Who('sid', ALICE_SID): Who('user', 3000), Who('sid', SALES_SID): Who('gid', TEAM),
            Who('sid', USERS_SID): Who('gid', 3000)}
    if ace.flags & m.INHERIT_ONLY:       # is for the owner or group to come
        same.update({m.OWNER: m.CREATOR_OWNER, m.GROUP: m.CREATOR_GROUP})
    return m.dataclasses.replace(ace, who=same.get(ace.who, ace.who))


def shown_list(w, path, obj):
    """The stored list of an object in the terms of the model, or None."""
    shown = w.server.json('acl', 'show', w.path(path))
    if shown['source'] != 'stored':
        return None
    out = []
    for e in shown['entries']:
        who = Who({'uid': 'user'}.get(e['who'], e['who']), e.get('id', e.get('sid')))
        out.append(stored_ace(m.Ace(
            e['type'], who, sum(m.RIGHTS[right] for right in e['rights']),
            sum(bit for bit, name in m.FLAGS.items() if name in e['flags'])), obj))
    return out


class Stage:
    """The server with its accounts, and connections of everybody by every protocol."""

    def __init__(self, w):
        self.w, self.n = w, itertools.count(1)
        os.chmod(w.export, 0o777)
        self.smb, self.sessions = {}, {}
        for name in TOKENS:
            if name != 'root':
                self.smb[name] = (anonymous(w.client) if name == 'guest'
                                  else smb2.Smb2(w.client, user=name))
        self.nfs = {}
        for vers in ('3', '4.0', '4.1'):
            for name, token in TOKENS.items():
                if not token.guest and name != ADMIN:
                    self.nfs[vers, name] = self._nfs(vers, token)

    def _nfs(self, vers, token):
        cred = rpc.auth_sys(token.uid, min(token.gids), sorted(token.gids))
        first = self.nfs.get((vers, 'alice'))
        if first:
            other = (nfs3.Nfs3(first.rpc, cred) if vers == '3' else first.as_user(cred))
            other.root = first.root
            return other
        if vers != '3':
            n = nfs4as3.make(self.w.client, cred, None, vers)
            n._owner()
            return n
        return self.w.client.nfs(cred)

    def token(self, name, protocol):
        """The token of a user: by SMB he has logged in."""
        token = TOKENS[name]
        if protocol != 'smb' or token.guest:
            return token
        return m.dataclasses.replace(token, proven=True)

    def fh(self, path, vers):
        """The handle of a path, looked up by an administrator."""
        n = self.nfs[vers, 'root']
        fh = n.root
        for part in path.split('/'):
            fh = settled(n.lookup, fh, part).fh
        return fh

    def end(self):
        for s in self.smb.values():
            s.end()


def anonymous(client):
    """A session without a name."""
    s = smbraw.Link(client)
    eq(s.negotiate().anonymous(), 'SUCCESS')
    eq(s.connect_tree(), 'SUCCESS')
    return s


@contextlib.contextmanager
def stage(w):
    """Accounts with groups, a map of SIDs, an administrator and guests."""
    put(MAP, LINES.encode())
    saved = {path: open(path, 'rb').read() for path in ('/etc/passwd', '/etc/group')}
    with open('/etc/group', 'a', encoding='ascii') as f:
        f.writelines(f'{name}:x:{gid}:{",".join(who)}\n' for gid, (name, who) in MEMBERS.items())
    with open('/etc/passwd', 'a', encoding='ascii') as f:
        f.write(f'{ADMIN}:x:{ADMIN_UID}:{ADMIN_UID}::/nonexistent:/bin/false\n')
    with open('/etc/group', 'a', encoding='ascii') as f:
        f.write(f'{ADMIN}:x:{ADMIN_UID}:\n')
    smb.USERS[ADMIN] = 'Admin 1strator'
    smb.add_user(w.server, ADMIN, smb.USERS[ADMIN])
    w.server.helper_stop()
    try:
        w.server.helper_start(SERVER + servers.LISTENERS + servers.SMB_LISTENER)
        w.server.ctl('share', 'set', 'data', 'user', f'{ADMIN}=admin', 'default-access', 'write',
                     'guest', 'on')
        s = Stage(w)
        yield s
        s.end()
    finally:
        w.server.ctl('user', 'del', ADMIN, check=False)
        del smb.USERS[ADMIN]
        os.unlink(MAP)
        for path, data in saved.items():
            put(path, data)


def settled(call, *args, **kw):
    """The answer once the server knows the SIDs of the user."""
    got = []

    def answered():
        got[:] = [call(*args, **kw)]
        return got[0].status != nfs3.JUKEBOX
    wait_for('the SIDs', answered, 30)
    return got[0]


# those who set lists

def path_of(obj):
    above = path_of(obj.parent) if obj.parent else ''
    return f'{above}/{obj.name}' if above else obj.name


def set_by_smb(s, obj):
    """The owner sets a descriptor."""
    owner = next(name for name, t in TOKENS.items() if t.uid == obj.uid)
    conn = s.smb[ADMIN if owner == 'root' else owner]
    fid = conn.create(path_of(obj).replace('/', '\\'), access=m.WRITE_ACL, how=smb2.OPEN)
    # with the request to inherit automatically, without which the server drops the flag
    control = (0x1000 if obj.protected else 0) | (0x500 if obj.auto else 0)
    set_sd(conn, fid, descriptor(*[(0 if a.kind == m.ALLOW else 1, a.flags, a.mask,
                                    smb_who(a.who)) for a in obj.aces], control=control), DACL)
    conn.close(fid)


def set_by_nfs4(s, obj, vers='4.1'):
    owner = next(name for name, t in TOKENS.items() if t.uid == obj.uid)
    r = s.nfs[vers, owner]._do(nfs4.putfh(s.fh(path_of(obj), vers)),
                               nfs4.setattr(nfs4.ANON, {'acl': [nfs4_ace(a) for a in obj.aces]}))
    if r.status != nfs4.OK:
        raise AssertionError(f'SETATTR of the list: {r.status}\n{obj.words()}')


def set_by_ctl(s, obj):
    words = [name for name in ('protected', 'auto') if getattr(obj, name)]
    words = ['flags:' + ','.join(words).replace('auto', 'auto-inherited')] if words else []
    s.w.server.ctl('acl', 'set', s.w.path(path_of(obj)), *words, *map(ctl_ace, obj.aces))


def set_mode(s, obj, by='nfs3'):
    """Set the mode of an object that has no list."""
    if by == 'nfs3':
        r = s.nfs['3', 'root'].setattr(s.fh(path_of(obj), '3'), nfs3.sattr(mode=obj.mode))
        if r.status != nfs3.OK:
            raise AssertionError(f'SETATTR of the mode: {r.status}')
    else:
        os.chmod(s.w.path(path_of(obj)), obj.mode)
    if obj.posix:
        words = [f'{"u" if key[0] == "user" else "g"}:{key[1]}:{letters(bits)}'
                 for key, bits in obj.posix.items() if isinstance(key, tuple)]
        words += [f'm::{letters(obj.posix["mask"])}']
        run('setfacl', '-m', ','.join(words), s.w.path(path_of(obj)))


def letters(bits):
    return ''.join(c if bits & bit else '-' for c, bit in (('r', 4), ('w', 2), ('x', 1)))


SETTERS = {'smb': set_by_smb, 'nfs4': set_by_nfs4, 'ctl': set_by_ctl}


def make(s, obj):
    """Create an object on the server, with its mode only."""
    path = s.w.path(path_of(obj))
    if obj.directory:
        os.mkdir(path)
        put(f'{path}/child', b'child', 0o644)
    else:
        put(path, b'content')
    os.chown(path, obj.uid, obj.gid)
    os.chmod(path, 0o700 if obj.aces is not None else obj.mode or 0o700)


def create(s, obj, name, protocol):
    """A user creates an object; returns False if he may not."""
    path, directory = path_of(obj), obj.directory
    if protocol == 'smb':
        options = smb2.DIRECTORY_FILE if directory else 0
        try:
            s.smb[name].close(s.smb[name].create(path.replace('/', '\\'), access=m.READ_ATTRS,
                                                 how=smb2.MAKE, options=options))
        except smb2.Status as e:
            if e.name != 'ACCESS_DENIED':
                raise
            return False
        return True
    n = s.nfs[protocol, name]
    call = n.mkdir if directory else n.create
    status = settled(call, s.fh(path_of(obj.parent), protocol), obj.name).status
    return nfs_ok(status, protocol)


# those who use what is protected

def smb_opens(s, name, path, access, **kw):
    try:
        s.smb[name].close(s.smb[name].create(path, access=access, how=smb2.OPEN, **kw))
        return True
    except smb2.Status as e:
        if e.name != 'ACCESS_DENIED':
            raise
        return False


def smb_maximum(s, name, path):
    try:
        fid = s.smb[name].create(path, access=smb2.MAXIMUM, how=smb2.OPEN)
    except smb2.Status as e:
        if e.name != 'ACCESS_DENIED':
            raise
        return 0
    got = granted(s.smb[name], fid)
    s.smb[name].close(fid)
    return got


def smb_reaches(parent, token):
    """A user who logged in passes every list; see "Rights for each operation" of acl.md."""
    if parent is None or token.admin:
        return True
    if parent.aces is None:
        return m.mode_grants(parent, token, 1)
    entries = m.READ_DATA | m.WRITE_DATA | m.APPEND_DATA | m.DELETE_CHILD | m.EXECUTE
    return not token.guest or bool(m.list_answer(parent, token).granted & entries)


def probe_smb(s, obj, name):
    """(what, model, server) of each right by itself, of all together, and of MAXIMUM_ALLOWED."""
    token, path = s.token(name, 'smb'), path_of(obj).replace('/', '\\')
    reach = smb_reaches(obj.parent, token)
    have = m.answer(obj, token).granted if reach else 0
    if m.shows_read_only(obj):
        have &= ~(m.WRITE_DATA | m.APPEND_DATA)
    for right, bit in m.RIGHTS.items():
        yield f'CREATE for {right}', bool(have & bit), smb_opens(s, name, path, bit), bit
    yield 'MAXIMUM_ALLOWED', m.rights_text(have), m.rights_text(smb_maximum(s, name, path)), 0
    for mask in (m.READ_DATA | m.WRITE_DATA, have or m.READ_DATA, have | m.DELETE):
        yield (f'CREATE for {m.rights_text(mask)}', have & mask == mask,
               smb_opens(s, name, path, mask), mask & ~have)


def nfs_ok(status, vers):
    if status not in (nfs3.OK, nfs3.ACCES, nfs3.PERM):
        raise AssertionError(f'NFS {vers}: status {status}')
    return status == nfs3.OK


def access_bits(obj, token):
    """What ACCESS must say (RFC 8881 section 18.1): it tells READ from EXECUTE."""
    have = m.answer(obj, token).granted
    if not obj.directory:
        return {nfs3.MAY_READ: have & m.READ_DATA, nfs3.MAY_MODIFY: have & m.WRITE_DATA,
                nfs3.MAY_EXTEND: have & m.WRITE_DATA, nfs3.MAY_EXECUTE: executes(obj, token)}
    return {nfs3.MAY_READ: have & m.READ_DATA, nfs3.MAY_LOOKUP: have & m.EXECUTE,
            nfs3.MAY_MODIFY: may_add(obj, token, m.WRITE_DATA),
            nfs3.MAY_EXTEND: may_add(obj, token, m.WRITE_DATA),
            nfs3.MAY_DELETE: may_add(obj, token, m.DELETE_CHILD)}


def executes(obj, token):
    """True if an NFS client may execute a file: a mode needs the bit for it."""
    if token.admin:
        return m.admin_may_execute(obj)
    if obj.aces is None:
        return m.mode_grants(obj, token, 1)
    return m.answer(obj, token).granted & m.EXECUTE


def may_add(obj, token, right):
    """True if the user may add to a directory: RFC 8881 section 6.2.1.3.1 has CREATE and OPEN
    among the operations that EXECUTE of the directory is needed for."""
    return m.answer(obj, token).granted & (right | m.EXECUTE) == right | m.EXECUTE


ACCESS_WORDS = {nfs3.MAY_READ: 'READ', nfs3.MAY_LOOKUP: 'LOOKUP', nfs3.MAY_MODIFY: 'MODIFY',
                nfs3.MAY_EXTEND: 'EXTEND', nfs3.MAY_DELETE: 'DELETE', nfs3.MAY_EXECUTE: 'EXECUTE'}


def probe_nfs(s, obj, name, vers):
    token, n = s.token(name, vers), s.nfs[vers, name]
    fh, have = s.fh(path_of(obj), vers), m.answer(obj, token).granted
    says = settled(n.access, fh)
    eq(says.status, nfs3.OK, 'ACCESS')
    says = says.access
    for bit, want in access_bits(obj, token).items():
        yield f'ACCESS {ACCESS_WORDS[bit]}', bool(want), bool(says & bit), 0
    yield from (probe_dir if obj.directory else probe_file)(s, obj, n, fh, token, vers)
    same = nfs3.sattr(mode=os.stat(s.w.path(path_of(obj))).st_mode & 0o7777)
    yield ('SETATTR of the mode', bool(have & m.WRITE_ACL),
           nfs_ok(settled(n.setattr, fh, same).status, vers), m.WRITE_ACL)
    times = have & m.WRITE_ATTRS
    now = times or have & m.WRITE_DATA
    if obj.aces is None:                 # as utimensat(2) has it
        times = token.admin or token.uid == obj.uid
        now = times or m.mode_grants(obj, token, 2)
    yield ('SETATTR of a time', bool(times),
           nfs_ok(settled(n.setattr, fh, nfs3.sattr(atime=(1, 0))).status, vers), m.WRITE_ATTRS)
    yield ('SETATTR of the current time', bool(now),
           nfs_ok(settled(n.setattr, fh, nfs3.sattr(atime='server')).status, vers), m.WRITE_ATTRS)
    if vers != '3':
        got = n._do(nfs4.putfh(fh), nfs4.getattr('acl'))
        yield 'GETATTR of the list', bool(have & m.READ_ACL), nfs_ok(got.status, vers), m.READ_ACL


def probe_file(s, obj, n, fh, token, vers):
    yield ('READ', m.nfs_may_read(obj, token),
           nfs_ok(settled(n.read, fh, 0, 9).status, vers), m.READ_DATA)
    yield ('WRITE', m.nfs_may_write(obj, token),
           nfs_ok(settled(n.write, fh, 0, b'content').status, vers), m.WRITE_DATA)
    if vers != '3':
        reach = m.answer(obj.parent, token).granted & m.EXECUTE
        reads, writes = m.nfs_may_read(obj, token, True), m.nfs_may_write(obj, token, True)
        for access, want in ((nfs4.READ, reads), (nfs4.WRITE, writes),
                             (nfs4.BOTH, reads and writes)):
            yield (f'OPEN for {access}', bool(want and reach), opens(s, n, obj, access, vers),
                   access)


def opens(s, n, obj, access, vers):
    op = nfs4.open(n._owner(), obj.name, access, seqid=1)
    r = n._do(nfs4.putfh(s.fh(path_of(obj.parent), vers)), op, nfs4.getfh())
    if r.status == nfs4.OK:
        n._close(r.of('getfh').fh, r.of('open'))
    return nfs_ok(r.status, vers)


def probe_dir(s, obj, n, fh, token, vers):
    have, top = m.answer(obj, token).granted, s.w.path(path_of(obj))
    yield ('READDIR', bool(have & m.READ_DATA),
           nfs_ok(settled(n.readdir, fh).status, vers), m.READ_DATA)
    yield ('LOOKUP', bool(have & m.EXECUTE),
           nfs_ok(settled(n.lookup, fh, 'child').status, vers), m.EXECUTE)
    for call, what, right, remove in ((n.create, 'CREATE', m.WRITE_DATA, os.unlink),
                                      (n.mkdir, 'MKDIR', m.APPEND_DATA, os.rmdir)):
        good = nfs_ok(settled(call, fh, 'new').status, vers)
        yield what, may_add(obj, token, right), good, right
        if good:
            remove(f'{top}/new')


def removes(s, obj, name, protocol):
    """A user removes an object; returns False if he may not."""
    if protocol != 'smb':
        n, top = s.nfs[protocol, name], s.fh(path_of(obj.parent), protocol)
        call = n.rmdir if obj.directory else n.remove
        return nfs_ok(settled(call, top, obj.name).status, protocol)
    conn = s.smb[name]
    try:
        fid = conn.create(path_of(obj).replace('/', '\\'), access=m.DELETE, how=smb2.OPEN,
                          options=smb2.DELETE_ON_CLOSE)
    except smb2.Status as e:
        if e.name != 'ACCESS_DENIED':
            raise
        return False
    conn.close(fid)
    return True


def owner_is_set(s, obj, name, vers, uid=None, gid=None):
    """A user gives an object to a user or a group; returns False if he may not."""
    fh = s.fh(path_of(obj), vers)
    return nfs_ok(settled(s.nfs[vers, name].setattr, fh, nfs3.sattr(uid=uid, gid=gid)).status,
                  vers)


def probe_check(s, obj, name, protocol):
    """The third opinion: "dittoctl access check"."""
    token = s.token(name, protocol)
    who = ('--guest',) if token.guest else ('--user', name)
    said = s.w.server.json('access', 'check', *who, '--protocol', protocol,
                           s.w.path(path_of(obj)))
    have = m.answer(obj, token).granted
    for one in said['decision']:
        bit = m.RIGHTS[one['right']]
        yield f'access check of {one["right"]}', bool(have & bit), one['granted'], bit


def probes(s, obj, name, protocol):
    """Everything that one user can try by one protocol."""
    if protocol == 'smb':
        return itertools.chain(probe_smb(s, obj, name), probe_check(s, obj, name, 'smb'))
    more = probe_check(s, obj, name, 'nfs') if protocol == '4.0' else ()
    return itertools.chain(probe_nfs(s, obj, name, protocol), more)


def told(s, obj, name, protocol):
    """What "dittoctl access check" says in words."""
    who = ('--guest',) if TOKENS[name].guest else ('--user', name)
    return s.w.server.ctl('access', 'check', *who, '--protocol',
                          'smb' if protocol == 'smb' else 'nfs', s.w.path(path_of(obj)))
