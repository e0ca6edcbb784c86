# SPDX-License-Identifier: GPL-2.0-only
"""Attributes of NFSv4: GETATTR, SETATTR, VERIFY, NVERIFY and READDIR, by hand and by the kernel."""
import errno
import functools
import os
import stat
import time

import nfs4
import rpc
from checks import eq, expect_errno
from files import put
from harness import Skip, test
from nfs4 import ANON, getattr, nverify, putfh, putrootfh, readdir, setattr, verify
from nfs4_attr import NAMES
from nfs4_listing import attrs_of, each, last, listing, raw
from processes import run
from volumes import KINDS, mount

wire = functools.partial(test, server='ditto')

USER = rpc.auth_sys(1000, 1000)
WRITE_ONLY = {'time_access_set', 'time_modify_set', 'mode_umask', 'time_deleg_access',
              'time_deleg_modify'}
REQUIRED = set('supported_attrs type fh_expire_type change size link_support symlink_support '
               'named_attr fsid unique_handles lease_time rdattr_error filehandle'.split())
# Attributes of a file system such as tmpfs, without quotas.
EXPECTED = REQUIRED | set(
    'acl aclsupport cansettime case_insensitive case_preserving chown_restricted fileid '
    'files_avail files_free files_total hidden homogeneous maxfilesize maxlink maxname maxread '
    'maxwrite mode no_trunc numlinks owner owner_group rawdev space_avail space_free '
    'space_total space_used system time_access time_access_set time_create time_delta '
    'time_metadata time_modify time_modify_set mounted_on_fileid'.split())
OF_41 = {'suppattr_exclcreat', 'dir_notif_delay', 'dirent_notif_delay'}
LATER = {1: OF_41,
         2: OF_41 | {'clone_blksize', 'change_attr_type', 'mode_umask',
                      'xattr_support', 'open_arguments', 'time_deleg_access',
                      'time_deleg_modify'}}
# They count quotas where the file system does.
MAY_BE = {'quota_avail_hard', 'quota_avail_soft', 'quota_used'}


def mount4(w, vers='4.1', opts='', client=None):
    """Mount the share by the kernel's client with version 4."""
    client = client or w.client
    where = f'{w.base}/c{client.number}.{len(client.mounts)}'
    os.makedirs(where, exist_ok=True)
    data = (f'vers={vers},addr={client.server_addr},clientaddr={client.addr},'
            f'port={w.server.port},proto=tcp,hard,timeo=100,retrans=3,nosharecache')
    if opts:
        data += f',{opts}'
    with client:
        mount(f'{client.server_addr}:/data', where, 'nfs4', 0, data)
    client.mounts.append(where)
    return where


# GETATTR

@wire
def what_there_is(w):
    """All supported attributes can be read; others are left out of the reply."""
    put(w.path('file'), b'12345')
    for c in each(w):
        fh = c.fh('data', 'file')
        there = set(attrs_of(c, fh, 'supported_attrs')['supported_attrs'])
        want = EXPECTED | LATER.get(c.minor, set())
        eq(sorted(want - there), [], f'4.{c.minor}: missing')
        eq(sorted(there - want - MAY_BE), [], f'4.{c.minor}: not expected')
        got = attrs_of(c, fh, *(there - WRITE_ONLY))
        eq(sorted(there - WRITE_ONLY - set(got) - MAY_BE), [])
        absent = [n for n in NAMES if n not in there] + [90, 95]
        eq(attrs_of(c, fh, *absent), {})
        eq(sorted(attrs_of(c, fh, 'size', *absent)), ['size'])
        for name in there & WRITE_ONLY:
            last(c.compound(putfh(fh), getattr(name)), nfs4.INVAL)
        root = attrs_of(c, c.fh(), 'supported_attrs')['supported_attrs']
        eq(sorted(REQUIRED - set(root)), [])
        attrs_of(c, c.fh(), *(set(root) - WRITE_ONLY))


@wire
def values(w):
    """Attributes have the values of stat(2) on the server."""
    put(w.path('file'), b'x' * 70000, 0o6751)
    os.chown(w.path('file'), 1234, 4321)
    os.utime(w.path('file'), ns=(123456789012345678, -987654321))
    os.link(w.path('file'), w.path('second'))
    os.mkfifo(w.path('fifo'))
    os.symlink('file', w.path('link'))
    os.mknod(w.path('dev'), stat.S_IFCHR | 0o600, os.makedev(10, 200))
    os.chmod(w.path('file'), 0o6751)
    kinds = {'file': nfs4.REG, 'fifo': nfs4.FIFO, 'link': nfs4.LNK, 'dev': nfs4.CHR,
             '.': nfs4.DIR}
    for c in each(w):
        for name, kind in kinds.items():
            fh = c.fh('data', *([name] if name != '.' else []))
            st = os.lstat(w.path(name))
            a = attrs_of(c, fh, *(EXPECTED - WRITE_ONLY))
            eq(a['type'], kind, name)
            eq((a['mode'], a['numlinks'], a['owner'], a['owner_group'], a['size']),
               (stat.S_IMODE(st.st_mode), st.st_nlink, str(st.st_uid), str(st.st_gid),
                st.st_size), name)
            for key, ns in (('time_modify', st.st_mtime_ns), ('time_metadata', st.st_ctime_ns),
                            ('time_access', st.st_atime_ns)):
                eq(a[key], divmod(ns, 10 ** 9), f'{name} {key}')
            eq((a['fileid'], a['space_used']), (st.st_ino, st.st_blocks * 512), name)
            eq(a['rawdev'], (10, 200) if name == 'dev' else (0, 0))
            eq(a['mounted_on_fileid'] == a['fileid'], name != '.', name)
            eq((a['hidden'], a['system'], a['fh_expire_type'], a['rdattr_error']),
               (False, False, 0, 0))
            eq((a['maxname'], a['cansettime'], a['no_trunc'], a['lease_time']),
               (255, True, True, w.server.setting('lease_time_s')))
            assert a['maxread'] >= 1 << 16 and a['maxwrite'] >= 1 << 16, a
            v = os.statvfs(w.path())
            eq((a['space_total'], a['files_total']), (v.f_blocks * v.f_frsize, v.f_files))


@wire
def file_systems(w):
    """A share and the root above it are two file systems, and mounted_on_fileid joins them."""
    os.makedirs(w.path('d'))
    put(w.path('d/f'))
    os.makedirs(f'{w.base}/second')
    w.server.add('second', f'{w.base}/second')
    for c in each(w):
        names = 'fsid', 'fileid', 'mounted_on_fileid', 'change', 'type'
        top = attrs_of(c, c.fh(), *names)
        eq(top['fsid'], (0, 0))
        eq(top['fileid'], top['mounted_on_fileid'])
        data, second = attrs_of(c, c.fh('data'), *names), attrs_of(c, c.fh('second'), *names)
        eq(len({top['fsid'], data['fsid'], second['fsid']}), 3)
        eq(attrs_of(c, c.fh('data', 'd', 'f'), 'fsid')['fsid'], data['fsid'])
        r = c.compound(putrootfh(), readdir(0, bytes(8), *names)).ok()[-1]
        listed = {e.name: e.attrs for e in r.entries}
        eq(sorted(listed), [b'data', b'second'])
        eq((listed[b'data'], listed[b'second']), (data, second))
        assert data['mounted_on_fileid'] not in (data['fileid'], second['mounted_on_fileid'],
                                                 top['fileid']), (data, second)
    c = raw(w)
    before = attrs_of(c, c.fh(), 'change', 'time_modify')
    w.server.delete('second')
    after = attrs_of(c, c.fh(), 'change', 'time_modify')
    assert after['change'] > before['change'], 'a share went and the root did not change'
    assert after['time_modify'] > before['time_modify']


@wire(fs='ext4')
def change_is_honest(w):
    """Every change of data or attributes increases the change attribute; reading does not."""
    put(w.path('file'), b'x')
    os.mkdir(w.path('d'))
    for c in each(w):
        fh, d = c.fh('data', 'file'), c.fh('data', 'd')

        def change(h=fh, c=c):
            return attrs_of(c, h, 'change')['change']
        seen = change()
        for what, do in enumerate((
                lambda: os.chmod(w.path('file'), 0o600),
                lambda: os.chmod(w.path('file'), 0o644),
                lambda: put(w.path('file'), b'yy'),
                lambda: os.utime(w.path('file'), (1, 1)),
                # pylint: disable-next=cell-var-from-loop
                lambda: c.compound(putfh(fh), setattr(ANON, {'mode': 0o640})).ok())):
            time.sleep(0.02)
            do()
            now = change()
            assert now > seen, f'{now} after {seen}: {what}'
            seen = now
        seen = change(d)
        time.sleep(0.02)
        put(w.path('d/new'))
        assert change(d) > seen, 'a directory got an entry and did not change'
        os.unlink(w.path('d/new'))
        with open(w.path('file'), 'rb') as f:
            f.read()
        seen = change()
        eq(change(), seen)


# RFC 7862 section 12.2.3
MONOTONIC_INCR, UNDEFINED = 0, 4


@wire(timeout=90)
def change_is_of_its_type(w):
    """change_attr_type promises no order where a clock that is set back could break it."""
    c = nfs4.Session.make(nfs4.connect(w.client), minor=2)

    def state(fh):
        a = attrs_of(c, fh, 'change', 'change_attr_type', 'time_metadata')
        sec, nsec = a['time_metadata']
        return a['change'], a['change_attr_type'], sec * 10 ** 9 + nsec
    change, kind, ctime = state(c.fh())
    eq((change, kind), (ctime, MONOTONIC_INCR), 'the root over all shares')
    for name in KINDS:
        where = w.volume(f'{w.base}/{name}', name, '400m').where
        w.server.add(name, where)
        put(f'{where}/f', b'x')
        fh, seen = c.fh(name, 'f'), []
        # changes of one tick of the clock, too
        for mode in range(0o601, 0o621):
            os.chmod(f'{where}/f', mode)
            change, kind, ctime = state(fh)
            eq((kind, change > ctime), (UNDEFINED, True), name)
            seen.append(change)
        eq(seen, sorted(set(seen)), name)


# SETATTR

@wire
def each_is_set(w):
    put(w.path('file'), b'0123456789')
    for c in each(w):
        fh = c.fh('data', 'file')
        for name, value, read in (
                ('mode', 0o4711, 'mode'), ('mode', 0, 'mode'), ('mode', 0o644, 'mode'),
                ('size', 3, 'size'), ('size', 1 << 33, 'size'), ('size', 0, 'size'),
                ('owner', '1234', 'owner'), ('owner', '0', 'owner'),
                ('owner_group', '77', 'owner_group'), ('hidden', 1, 'hidden'),
                ('system', 1, 'system'), ('hidden', 0, 'hidden'), ('system', 0, 'system'),
                ('time_create', (5, 6), 'time_create'),
                ('time_access_set', (7, 8), 'time_access'),
                ('time_modify_set', (-7, 999999999), 'time_modify')):
            r = last(c.compound(putfh(fh), setattr(ANON, {name: value})), nfs4.OK)
            eq(r.attrset, [name])
            eq(attrs_of(c, fh, read)[read], value, name)
        for name, read in (('time_access_set', 'time_access'), ('time_modify_set', 'time_modify')):
            eq(last(c.compound(putfh(fh), setattr(ANON, {name: 'server'})), nfs4.OK).attrset,
               [name])
            now = attrs_of(c, fh, read)[read][0]
            assert abs(now - time.time()) < 10, now
        many = {'mode': 0o600, 'owner': '5', 'owner_group': '6', 'size': 4, 'hidden': 1,
                'time_modify_set': (100, 0), 'time_create': (50, 0)}
        r = last(c.compound(putfh(fh), setattr(ANON, many)), nfs4.OK)
        eq(sorted(r.attrset), sorted(many))
        a = attrs_of(c, fh, 'mode', 'owner', 'owner_group', 'size', 'time_modify', 'hidden')
        eq(a, {'mode': 0o600, 'owner': '5', 'owner_group': '6', 'size': 4,
               'time_modify': (100, 0), 'hidden': True})
        eq(last(c.compound(putfh(fh), setattr(ANON, {})), nfs4.OK).attrset, [])
        last(c.compound(putfh(fh), setattr(ANON, {'hidden': 0, 'owner': '0'})), nfs4.OK)


@wire
def what_cannot_be_set(w):
    put(w.path('file'), b'x')
    os.mkdir(w.path('d'))
    os.symlink('file', w.path('link'))
    for c in each(w):
        fh, d, link = c.fh('data', 'file'), c.fh('data', 'd'), c.fh('data', 'link')
        for attrs, status in (
                ({'type': 1}, nfs4.INVAL), ({'change': 1}, nfs4.INVAL),
                ({'fileid': 1}, nfs4.INVAL), ({'time_modify': (1, 1)}, nfs4.INVAL),
                ({'archive': 1}, nfs4.ATTRNOTSUPP), ({'time_backup': (1, 1)}, nfs4.ATTRNOTSUPP),
                ({'sacl': (0, [])}, nfs4.ATTRNOTSUPP), ({'mode': 0o10644}, nfs4.INVAL),
                ({'time_modify_set': (1, 10 ** 9)}, nfs4.INVAL),
                ({'owner': 'nobody-has-this'}, nfs4.BADOWNER), ({'owner': ''}, nfs4.INVAL),
                ({'owner': '4294967296'}, nfs4.BADOWNER), ({'owner': '-1'}, nfs4.BADOWNER),
                ({'owner_group': 'x' * 600}, nfs4.BADOWNER),
                ({'size': 1 << 63}, nfs4.FBIG)):
            r = last(c.compound(putfh(fh), setattr(ANON, attrs)), status)
            eq(r.attrset, [], f'{attrs}')
        if c.minor < 2:
            last(c.compound(putfh(fh), setattr(ANON, {'mode_umask': (0o777, 0)})),
                 nfs4.ATTRNOTSUPP)
        else:
            last(c.compound(putfh(fh), setattr(ANON, {'mode_umask': (0o777, 0)})), nfs4.INVAL)
        last(c.compound(putfh(d), setattr(ANON, {'size': 0})), nfs4.ISDIR)
        last(c.compound(putfh(link), setattr(ANON, {'size': 0})), nfs4.INVAL)
        r = last(c.compound(putfh(link), setattr(ANON, {'mode': 0o600, 'owner': '5'})), nfs4.OK)
        eq(r.attrset, ['owner'], 'a symbolic link has no mode')
        last(c.compound(putrootfh(), setattr(ANON, {'mode': 0o777})), nfs4.ROFS)
        # A value that is longer, or shorter, than it is.
        for tail in (b'', b'\0\0\0\0\0\0\0\0'):
            bad = nfs4.bitmap('mode') + rpc.Enc().opaque(b'\0\0\1\xa4' + tail).bytes()
            if tail:
                last(c.compound(putfh(fh), setattr(ANON, bad)), nfs4.BADXDR)
    w.server.set('data', ro=True)
    for c in each(w):
        for attrs in ({'mode': 0o600}, {'size': 0}, {'hidden': 1}):
            last(c.compound(putfh(c.fh('data', 'file')), setattr(ANON, attrs)), nfs4.ROFS)


@wire
def set_in_part(w):
    """A failing SETATTR returns the attributes that were set before (RFC 8881 section 18.30.3)."""
    put(w.path('file'), b'0123456789', 0o666)
    for c in each(w, USER):
        put(w.path('file'), b'0123456789')
        fh = c.fh('data', 'file')
        r = last(c.compound(putfh(fh), setattr(ANON, {'size': 2, 'mode': 0o777})), nfs4.PERM)
        eq(r.attrset, ['size'])
        eq(os.stat(w.path('file')).st_size, 2)
        r = last(c.compound(putfh(fh), setattr(ANON, {'owner': '1000'})), nfs4.PERM)
        eq(r.attrset, [])
        # A writer may set the times to now, and to nothing else.
        last(c.compound(putfh(fh), setattr(ANON, {'time_modify_set': 'server',
                                                  'time_access_set': 'server'})), nfs4.OK)
        last(c.compound(putfh(fh), setattr(ANON, {'time_modify_set': (1, 1)})), nfs4.PERM)
    os.chmod(w.path('file'), 0o644)
    for c in each(w, USER):
        for attrs in ({'size': 0}, {'hidden': 1}, {'time_create': (1, 1)}):
            r = last(c.compound(putfh(c.fh('data', 'file')), setattr(ANON, attrs)), nfs4.ACCESS)
            eq(r.attrset, [])


@wire
def size_by_stateid(w):
    """A new size needs a stateid that allows writing."""
    put(w.path('file'), b'0123456789')
    for minor in (1, 2):
        s = nfs4.Session.make(nfs4.connect(w.client), minor=minor)
        d = s.fh('data')
        got, fh = s.open(d, 'file', nfs4.BOTH)
        last(s.compound(putfh(fh), setattr(got.stateid, {'size': 5})), nfs4.OK)
        reader, _ = s.open(d, 'file', nfs4.READ, own=b'reader')
        last(s.compound(putfh(fh), setattr(reader.stateid, {'size': 1})), nfs4.OPENMODE)
        last(s.compound(putfh(fh), setattr((1, b'nonsense1234'), {'size': 1})), nfs4.BAD_STATEID)
        eq(os.stat(w.path('file')).st_size, 5)
        # Nothing else asks for it.
        last(s.compound(putfh(fh), setattr(reader.stateid, {'mode': 0o600})), nfs4.OK)
        for one in (got, reader):
            s.compound(putfh(fh), nfs4.close(one.stateid)).ok()


@wire
def owners_by_name(w):
    """user@domain is accepted if the helper knows the user; replies have numbers."""
    put(w.path('file'))
    c = raw(w)
    fh = c.fh('data', 'file')
    # Nobody knows names.
    last(c.compound(putfh(fh), setattr(ANON, {'owner': 'daemon@example.org'})), nfs4.BADOWNER)
    w.server.ctl('cache', 'flush')
    w.server.helper_start('[server]\ndomain = example.org\n')
    for c in each(w):
        fh = c.fh('data', 'file')
        for name, uid in (('daemon@example.org', '1'), ('bin@EXAMPLE.ORG', '2'),
                          ('root@example.org', '0')):
            r = last(retried(c, putfh(fh), setattr(ANON, {'owner': name, 'owner_group': name})),
                     nfs4.OK)
            eq(sorted(r.attrset), ['owner', 'owner_group'])
            eq(attrs_of(c, fh, 'owner', 'owner_group'), {'owner': uid, 'owner_group': uid})
        for name in ('daemon@example.com', 'daemon', 'no-such-user@example.org', '@example.org',
                     'daemon@'):
            last(retried(c, putfh(fh), setattr(ANON, {'owner': name})), nfs4.BADOWNER)
            last(retried(c, putfh(fh), setattr(ANON, {'owner_group': name})), nfs4.BADOWNER)


def retried(c, *ops):
    """Repeat a request while the answer is DELAY."""
    for _ in range(100):
        r = c.compound(*ops)
        if r.status != nfs4.DELAY:
            return r
        time.sleep(0.1)
    return r


# VERIFY and NVERIFY

@wire
def verified(w):
    put(w.path('file'), b'12345', 0o640)
    for c in each(w):
        fh = c.fh('data', 'file')
        there = set(attrs_of(c, fh, 'supported_attrs')['supported_attrs']) - WRITE_ONLY
        there -= {'rdattr_error', 'quota_avail_hard', 'quota_used', 'space_avail', 'space_free',
                  'files_free', 'files_avail'}
        mine = attrs_of(c, fh, *there)
        last(c.compound(putfh(fh), verify(mine)), nfs4.OK)
        last(c.compound(putfh(fh), nverify(mine)), nfs4.SAME)
        for name, other in (('size', 6), ('mode', 0o600), ('owner', '77'), ('type', nfs4.DIR)):
            last(c.compound(putfh(fh), verify({name: mine[name]})), nfs4.OK)
            last(c.compound(putfh(fh), verify({**mine, name: other})), nfs4.NOT_SAME)
            last(c.compound(putfh(fh), nverify({**mine, name: other})), nfs4.OK)
        for op in (verify, nverify):
            last(c.compound(putfh(fh), op({'sacl': (0, [])})), nfs4.ATTRNOTSUPP)
            last(c.compound(putfh(fh), op({'size': 5, 'archive': 1})), nfs4.ATTRNOTSUPP)
            last(c.compound(putfh(fh), op({'time_modify_set': 'server'})), nfs4.INVAL)
            last(c.compound(putfh(fh), op({'rdattr_error': 0})), nfs4.INVAL)
        last(c.compound(putrootfh(), verify({'type': nfs4.DIR, 'fsid': (0, 0)})), nfs4.OK)


# READDIR


@wire
def listed_in_pieces(w):
    os.mkdir(w.path('d'))
    names = {f'{"n" * (i % 200)}{i}'.encode() for i in range(300)}
    for n in names:
        put(f'{w.path("d")}/{n.decode()}')
    wanted = 'fileid', 'size', 'type', 'filehandle', 'owner', 'mounted_on_fileid'
    for c in each(w):
        fh = c.fh('data', 'd')
        for kw in ({}, {'maxcount': 1024}, {'maxcount': 4000, 'dircount': 500},
                   {'dircount': 1}, {'dircount': 0, 'maxcount': 1 << 20}):
            for ask in ((), ('mounted_on_fileid',), wanted):
                entries, _ = listing(c, fh, *ask, **kw)
                eq(sorted(e.name for e in entries), sorted(names), f'{kw} {ask}')
                eq(min(e.cookie for e in entries) > 2, True)
                eq({tuple(sorted(e.attrs)) for e in entries}, {tuple(sorted(ask))})
        for e in listing(c, fh, *wanted)[0][:20]:
            st = os.stat(f'{w.path("d")}/{e.name.decode()}')
            eq((e.attrs['fileid'], e.attrs['mounted_on_fileid']), (st.st_ino, st.st_ino))
            eq(attrs_of(c, e.attrs['filehandle'], 'fileid')['fileid'], st.st_ino)


@wire
def size_of_a_listing(w):
    """A reply is at most maxcount long and has every entry that fits."""
    os.mkdir(w.path('d'))
    put(w.path('d/abcde'))
    c = raw(w)
    fh = c.fh('data', 'd')
    # Verifier, one entry (follows, cookie, name, bitmap, attributes), end.
    entry = 4 + 8 + (4 + 8) + (4 + 8) + (4 + 8)
    need = 8 + entry + 4 + 4
    for maxcount in (0, 8, 15, 16, need - 4, need - 1):
        last(c.compound(putfh(fh), readdir(0, bytes(8), 'mounted_on_fileid', maxcount=maxcount)),
             nfs4.TOOSMALL)
    r = c.compound(putfh(fh), readdir(0, bytes(8), 'mounted_on_fileid', maxcount=need)).ok()
    eq((len(r[-1].entries), r[-1].eof), (1, False if not r[-1].eof else True))
    os.unlink(w.path('d/abcde'))
    r = c.compound(putfh(fh), readdir(0, bytes(8), maxcount=16)).ok()[-1]
    eq((r.entries, r.eof), ([], True))
    for i in range(100):
        put(w.path(f'd/file{i:03}'))
    for maxcount in range(200, 3000, 333):
        args = nfs4.compound_bytes([putfh(fh), readdir(0, bytes(8), 'size', 'mode', 'owner',
                                                       maxcount=maxcount)], 0)
        body = c.raw(args).body
        head = 4 + 4 + 4 + 8 + 8        # status, tag, count; PUTFH; READDIR's number and status
        eq(maxcount - 100 < len(body) - head <= maxcount, True, f'{len(body) - head} {maxcount}')


@wire
def bad_listings(w):
    put(w.path('file'))
    os.symlink('file', w.path('link'))
    os.mkdir(w.path('d'))
    for i in range(10):
        put(w.path(f'd/{i}'))
    for c in each(w):
        fh = c.fh('data', 'd')
        for cookie in (1, 2):
            last(c.compound(putfh(fh), readdir(cookie)), nfs4.BAD_COOKIE)
        last(c.compound(putfh(fh), readdir(1 << 62, b'12345678')), nfs4.NOT_SAME)
        for name in ('file', 'link'):
            last(c.compound(putfh(c.fh('data', name)), readdir()), nfs4.NOTDIR)
        for name in WRITE_ONLY - (LATER[2] if c.minor < 2 else set()):
            last(c.compound(putfh(fh), readdir(0, bytes(8), name)), nfs4.INVAL)
        r = c.compound(putfh(fh), readdir(0, bytes(8), 'sacl', 'archive', 95)).ok()[-1]
        eq([e.attrs for e in r.entries], [{}] * 10)
    c = nfs4.Session.make(nfs4.connect(w.client), fore=nfs4.Channel(response=1024, cached=1024))
    entries, replies = listing(c, c.fh('data', 'd'), 'filehandle', 'owner', 'size', 'fsid')
    eq(len(entries), 10)
    assert replies > 1, 'more than the session takes'
    # Twice in one COMPOUND: the second cannot use the reply's pages.
    for c in each(w):
        fh = c.fh('data', 'd')
        r = c.compound(putfh(fh), readdir(0, bytes(8), 'size', maxcount=600), getattr('type'),
                       readdir(0, bytes(8), 'size', maxcount=600), getattr('type')).ok()
        both = [o for o in r if o.op == nfs4.OPS['readdir']]
        eq([e.name for e in both[0].entries], [e.name for e in both[1].entries])


@wire
def bad_entries(w):
    """An entry without readable attributes does not spoil the listing."""
    os.mkdir(w.path('d'))
    os.chown(w.path('d'), 1000, 1000)
    for i in range(5):
        put(w.path(f'd/{i}'))
    os.chmod(w.path('d'), 0o400)         # may be listed, and not searched
    for c in each(w, USER):
        fh = c.fh('data', 'd')
        entries, _ = listing(c, fh, 'rdattr_error', 'size', 'fileid', 'mounted_on_fileid')
        eq(len(entries), 5)
        for e in entries:
            ino = os.stat(w.path(f'd/{e.name.decode()}')).st_ino
            eq(e.attrs, {'rdattr_error': nfs4.ACCESS, 'fileid': ino, 'mounted_on_fileid': ino})
        entries, _ = listing(c, fh, 'size', 'fileid')
        eq([sorted(e.attrs) for e in entries], [['fileid']] * 5)
        entries, _ = listing(c, fh, 'rdattr_error', 'mounted_on_fileid')
        eq({e.attrs['rdattr_error'] for e in entries}, {0})
    os.chmod(w.path('d'), 0o300)
    for c in each(w, USER):
        last(c.compound(putfh(c.fh('data', 'd')), readdir()), nfs4.ACCESS)
    os.chmod(w.path('d'), 0o700)


@wire
def changed_while_listed(w):
    """Entries that stay are listed once while others are added and removed."""
    os.mkdir(w.path('d'))
    stay = {f'stay{i}'.encode() for i in range(100)}
    for n in stay:
        put(f'{w.path("d")}/{n.decode()}')
    for i in range(100):
        put(w.path(f'd/go{i}'))
    c = raw(w)
    fh = c.fh('data', 'd')
    got, cookie, step = [], 0, 0
    while True:
        r = c.compound(putfh(fh), readdir(cookie, bytes(8), 'size', maxcount=1200)).ok()[-1]
        got += [e.name for e in r.entries]
        if r.eof:
            break
        cookie = r.entries[-1].cookie
        for n in [e.name.decode() for e in r.entries if e.name.startswith(b'go')]:
            os.unlink(w.path(f'd/{n}'))
        put(w.path(f'd/new{step}'))
        step += 1
    eq(len(got), len(set(got)), 'listed twice')
    eq(stay - set(got), set(), 'not listed')


@wire
def attribute_directory(w):
    """READDIR of an attribute directory lists named attributes as such."""
    put(w.path('file'), b'x')
    s = nfs4.Session.make(nfs4.connect(w.client))
    fh = s.fh('data', 'file')
    eq(attrs_of(s, fh, 'named_attr')['named_attr'], False)
    d = s.compound(putfh(fh), nfs4.openattr(True), nfs4.getfh()).ok()[-1].fh
    before = attrs_of(s, d, 'change', 'type', 'fileid', 'fsid')
    eq(before['type'], nfs4.ATTRDIR)
    assert before['fileid'] != attrs_of(s, fh, 'fileid')['fileid']
    eq(before['fsid'], attrs_of(s, fh, 'fsid')['fsid'])
    names = [f'attr{i}' for i in range(20)]
    for i, name in enumerate(names):
        got, one = s.open(d, name, nfs4.BOTH, how=nfs4.UNCHECKED, attrs={})
        s.compound(putfh(one), nfs4.write(got.stateid, 0, b'v' * i)).ok()
        s.compound(putfh(one), nfs4.close(got.stateid)).ok()
        eq(attrs_of(s, one, 'type', 'size'), {'type': nfs4.NAMEDATTR, 'size': i})
    assert attrs_of(s, d, 'change')['change'] != before['change']
    eq(attrs_of(s, fh, 'named_attr')['named_attr'], True)
    for kw in ({}, {'maxcount': 200}):
        entries, _ = listing(s, d, 'type', 'size', 'filehandle', **kw)
        eq({e.name.decode(): e.attrs['size'] for e in entries},
           {n: i for i, n in enumerate(names)})
        for e in entries:
            eq(e.attrs['type'], nfs4.NAMEDATTR)
            eq(attrs_of(s, e.attrs['filehandle'], 'size')['size'], e.attrs['size'])
    last(s.compound(putfh(d), setattr(ANON, {'mode': 0o700})), nfs4.WRONG_TYPE)


@wire
def refused_shares(w):
    """A share of another flavour appears with an error (RFC 8881 section 2.6.3.1)."""
    os.makedirs(f'{w.base}/strong')
    w.server.add('strong', f'{w.base}/strong', sec=['krb5'])
    for c in each(w):
        r = c.compound(putrootfh(), readdir(0, bytes(8), 'rdattr_error', 'type',
                                            'mounted_on_fileid')).ok()[-1]
        listed = {e.name: e.attrs for e in r.entries}
        eq(listed[b'data']['rdattr_error'], 0)
        eq(listed[b'strong']['rdattr_error'], nfs4.WRONGSEC)
        eq(sorted(listed[b'strong']), ['mounted_on_fileid', 'rdattr_error'])


# by the kernel's client

def by_kernel(w, vers):
    m = mount4(w, vers, 'actimeo=0')
    put(f'{m}/file', b'0123456789')
    os.chmod(f'{m}/file', 0o4755)
    os.chown(f'{m}/file', 1234, 4321)
    st = os.stat(w.path('file'))
    eq((st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)), (1234, 4321, 0o755))
    os.chmod(f'{m}/file', 0o6751)
    eq(stat.S_IMODE(os.stat(w.path('file')).st_mode), 0o6751)
    run('touch', '-d', '1969-07-20 20:17:40.123456789 UTC', f'{m}/file')
    eq(os.stat(w.path('file')).st_mtime_ns, -14182940 * 10 ** 9 + 123456789)
    eq(os.stat(f'{m}/file').st_mtime_ns, -14182940 * 10 ** 9 + 123456789)
    os.truncate(f'{m}/file', 4)
    eq(os.stat(w.path('file')).st_size, 4)
    # with a delegation, the client's clock gives the times until it returns it
    with open(w.path('file'), 'r+b'):
        pass
    mine, theirs = os.stat(f'{m}/file'), os.stat(w.path('file'))
    for key in ('st_mode', 'st_ino', 'st_nlink', 'st_uid', 'st_gid', 'st_size', 'st_mtime_ns',
                'st_ctime_ns', 'st_blocks'):
        eq(vars_of(mine, key), vars_of(theirs, key), key)
    v, here = os.statvfs(m), os.statvfs(w.path())
    # in units of the client's, which rounds up
    size = -(here.f_blocks * here.f_frsize // -v.f_frsize)
    eq((v.f_blocks, v.f_files, v.f_namemax), (size, here.f_files, here.f_namemax))
    os.mkfifo(f'{m}/fifo')
    os.mknod(f'{m}/dev', stat.S_IFBLK | 0o600, os.makedev(3, 70))
    eq(os.lstat(w.path('dev')).st_rdev, os.makedev(3, 70))
    eq(os.lstat(f'{m}/dev').st_rdev, os.makedev(3, 70))
    old = os.umask(0o027)
    try:
        put(f'{m}/masked')
        os.mkdir(f'{m}/masked.d')
    finally:
        os.umask(old)
    eq(stat.S_IMODE(os.stat(w.path('masked')).st_mode), 0o640)
    eq(stat.S_IMODE(os.stat(w.path('masked.d')).st_mode), 0o750)
    eq(sorted(os.listdir(m)), sorted(os.listdir(w.path())))


def vars_of(st, key):
    return object.__getattribute__(st, key)


@test(server='ditto')
def kernel_40(w):
    by_kernel(w, '4.0')


@test(server='ditto')
def kernel_41(w):
    by_kernel(w, '4.1')


@test(server='ditto')
def kernel_42(w):
    by_kernel(w, '4.2')


IDMAP = '/sys/module/nfs/parameters/nfs4_disable_idmapping'
IDMAPD_CONF = '[General]\nDomain = example.org\n[Translation]\nMethod = nsswitch\n'


@test(server='ditto')
def kernel_with_names(w):
    """A kernel client that maps names uses user@domain."""
    if not os.path.exists('/usr/sbin/nfsidmap'):
        raise Skip('no nfsidmap')
    put('/etc/idmapd.conf', IDMAPD_CONF.encode())
    put(w.path('file'))
    w.server.helper_start('[server]\ndomain = example.org\n')
    put(IDMAP, b'N')
    try:
        m = mount4(w, '4.1')
        os.chown(f'{m}/file', 1, 2)
        st = os.stat(w.path('file'))
        eq((st.st_uid, st.st_gid), (1, 2))
        st = os.stat(f'{m}/file')
        eq((st.st_uid, st.st_gid), (1, 2))
        # It was no number, or a server of another domain would understand it.
        w.server.helper_stop()
        w.server.helper_start('[server]\ndomain = example.com\n')
        w.server.ctl('cache', 'flush')
        with expect_errno(errno.EINVAL):
            os.chown(f'{m}/file', 3, 3)
    finally:
        put(IDMAP, b'Y')


@test(server='ditto')
def umask_and_default_acl(w):
    """In a directory with a default ACL the umask is ignored (RFC 8275)."""
    m = mount4(w, '4.2')
    os.mkdir(w.path('d'))
    run('setfacl', '-d', '-m', 'u::rwx,g::rwx,o::rx', w.path('d'))
    old = os.umask(0o077)
    try:
        put(f'{m}/d/file', b'', 0o666)
        with open(f'{m}/d/made', 'wb'):
            pass
        os.mkdir(f'{m}/d/dir', 0o777)
    finally:
        os.umask(old)
    eq(stat.S_IMODE(os.stat(w.path('d/made')).st_mode), 0o664)
    eq(stat.S_IMODE(os.stat(w.path('d/dir')).st_mode), 0o775)


@test(server='ditto')
def many_entries(w):
    """ls -l lists 10,000 entries."""
    os.mkdir(w.path('many'))
    for i in range(10000):
        put(w.path(f'many/file-{i:05}'))
    for vers in ('4.0', '4.2'):
        m = mount4(w, vers, 'actimeo=600')
        before = w.server.calls('nfs4')
        out = run('ls', '-ln', f'{m}/many', quiet=True).split('\n')
        eq(len([line for line in out if 'file-' in line]), 10000)
        after = w.server.calls('nfs4')
        assert after['readdir'] - before.get('readdir', 0) < 500, after
        assert after['getattr'] - before.get('getattr', 0) < 3000, \
            f'attributes were asked for one by one: {after}'
        eq(len(os.listdir(f'{m}/many')), 10000)
        w.client.umount(m)


@test(server='ditto')
def root_by_kernel(w):
    """For the kernel's client shares below the root are file systems of their own."""
    os.makedirs(f'{w.base}/second')
    put(f'{w.base}/second/inside')
    w.server.add('second', f'{w.base}/second')
    where = f'{w.base}/top'
    os.makedirs(where)
    with w.client:
        mount(f'{w.client.server_addr}:/', where, 'nfs4', 0,
              f'vers=4.1,addr={w.client.server_addr},clientaddr={w.client.addr},'
              f'port={w.server.port},proto=tcp')
    w.client.mounts.append(where)
    eq(sorted(os.listdir(where)), ['data', 'second'])
    eq(os.listdir(f'{where}/second'), ['inside'])
    os.listdir(f'{where}/data')
    assert len({os.stat(p).st_dev for p in (where, f'{where}/data', f'{where}/second')}) == 3
    with expect_errno(errno.EROFS, errno.EACCES, errno.EPERM):
        os.mkdir(f'{where}/new')
    for share in ('second', 'data'):
        run('umount', f'{where}/{share}', check=False)
