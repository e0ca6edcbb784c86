# SPDX-License-Identifier: GPL-2.0-only
"""The actors of truth.py: SMB, NFSv3 with NLM, NFSv4.0, NFSv4.1, and local processes."""
import os
import socket
import time

from impacket.smb3structs import SMB2_DIALECT_30

import nfs3
import nfs4
import nlm
import smb2
from files import put
from lockers import READ, WRITE, Locker
from nfs4_callback import Callbacks, Listener
from nfs4_status import DELAY, GRACE, STATUS
from nlm_lockers import connect as nlm_connect
from smb_cachers import NOBODY, Cacher
from truth import (ALLOWED, A_DELETE, A_READ, A_WRITE, BITS, BROKEN, DENY, H, IN_DIRECTORY, MINE,
                   NEWEST, PLAIN, R, REFUSED, TOLD, W, Actor, Again, Held, Part, Refused, Want,
                   matrix_outcome)


class Smb(Actor):
    name, exact = 'SMB', True
    claims = ('range shared', 'range exclusive', 'deny read', 'deny write', 'deny delete',
              'lease R', 'lease RH', 'lease RW', 'lease RWH', 'directory lease RH')
    number = 0

    def __init__(self, w, client):
        super().__init__(w, client)
        self.s = Cacher(client, dialect=SMB2_DIALECT_30)

    def end(self):
        self.s.end()

    # holding
    def hold(self, claim, name):
        s, (kind, _, how) = self.s, claim.rpartition(' ') if 'lease' in claim else (
            claim.partition(' '))
        if kind == 'range':
            fid = s.create(name)
            s.lock(fid, 0, 10, smb2.AT_ONCE | (smb2.SHARED if how == 'shared'
                                               else smb2.EXCLUSIVE))
            return Held([Part('open', 0, A_READ | A_WRITE),
                         Part(f'EXACT range, {how}')], end=lambda: s.close(fid))
        if kind == 'deny':
            share = {'read': smb2.SHARE_READ, 'write': smb2.SHARE_WRITE,
                     'delete': smb2.SHARE_DELETE}[how]
            fid = s.create(name, access=smb2.GENERIC_READ, share=smb2.SHARE_ALL & ~share)
            return Held([Part('open', 0, A_READ, DENY[how])], end=lambda: s.close(fid))
        return self._lease(name, BITS[how], 'directory' if 'directory' in kind else 'lease')

    def _lease(self, name, bits, row):
        Smb.number += 1
        key, s = b'truth%011d' % Smb.number, self.s
        access = smb2.GENERIC_READ | (smb2.GENERIC_WRITE if bits & W else 0)
        g = s.open(name, key=key, state=bits, epoch=0, access=access,
                   options=smb2.DIRECTORY_FILE if row == 'directory' else 0)
        if g.state != bits:
            raise AssertionError(f'a lease of {bits} on {name}: {g.state} was granted')

        def give():
            while self._told(0):
                broken, before, after, wanted, _ = s.broken()
                # of the previous cell: its file was closed before the break arrived
                if broken != key:
                    continue
                if before & ~after & W:
                    s.write(g.fid, NEWEST)
                if wanted:
                    s.ack(key, after)
        opened = Part('open', 0, A_READ | (A_WRITE if bits & W else 0))
        return Held([opened, Part(row, bits)], self._told, give, lambda: s.close(g.fid))

    def _told(self, seconds):
        if NOBODY not in self.s.answers:
            try:
                frame = self.s.receive(max(seconds, 0.002))
            except socket.timeout:
                return False
            number = int.from_bytes(frame[24:32], 'little')
            self.s.answers.setdefault(number, []).append(
                (int.from_bytes(frame[8:12], 'little'), frame[64:], frame))
        return NOBODY in self.s.answers

    # wanting
    def wants(self, intent):
        opening = {'read': A_READ, 'write': A_WRITE, 'truncate': A_WRITE, 'remove': A_DELETE,
                   'rename': A_DELETE, 'lock shared': A_READ | A_WRITE,
                   'lock exclusive': A_READ | A_WRITE}
        first = [Want('open', opening[intent])] if intent in opening else []
        return first + super().wants(intent)

    def expected(self, cells, holder, claim, parts, intent):
        # MS-FSA 2.1.5.15.11: a file that is open is not replaced
        if intent == 'rename over' and any(p.row == 'open' for p in parts) and (
                holder.name != 'NFSv3'):
            return REFUSED
        out = super().expected(cells, holder, claim, parts, intent)
        # a deletion at CLOSE cannot wait, because CLOSE must not fail (MS-FSA 2.1.5.5)
        return TOLD if out == BROKEN and intent == 'remove from it' else out

    def do(self, intent, name):
        try:
            return getattr(self, intent.replace(', ', '_').replace(' ', '_'))(name)
        except smb2.Status as e:
            raise Refused(e.name) from e

    def _with(self, name, work=None, **kw):
        fid = self.s.create(name, how=smb2.OPEN, **kw)
        try:
            return work(fid) if work else None
        finally:
            self.s.close(fid)

    def read(self, name):
        return self._with(name, lambda fid: self.s.read(fid, 10), access=smb2.GENERIC_READ)

    def write(self, name):
        self._with(name, lambda fid: self.s.write(fid, MINE), access=smb2.GENERIC_WRITE)

    def truncate(self, name):
        self._with(name, lambda fid: self.s.set(fid, 20, (5).to_bytes(8, 'little')),
                   access=smb2.GENERIC_WRITE)

    def chmod(self, name):
        times = bytes(16) + (133_000_000_000_000_000).to_bytes(8, 'little') + bytes(16)
        self._with(name, lambda fid: self.s.set(fid, 4, times), access=0x100)

    def remove(self, name):
        self._with(name, self.s.delete_on_close, access=smb2.DELETE)

    def rename(self, name):
        self._with(name, lambda fid: self.s.rename(fid, f'{name}.new'), access=smb2.DELETE)

    def rename_over(self, name):
        self._with(f'{name}.other', lambda fid: self.s.rename(fid, name, replace=True),
                   access=smb2.DELETE)

    def link(self, name):
        to = f'{name}.link'.encode('utf-16-le')
        self._with(name, lambda fid: self.s.set(
            fid, 11, bytes(16) + len(to).to_bytes(4, 'little') + to), access=0x80)

    def lock_shared(self, name, how=smb2.SHARED):
        self._with(name, lambda fid: self.s.lock(fid, 5, 10, how | smb2.AT_ONCE))

    def lock_exclusive(self, name):
        self.lock_shared(name, smb2.EXCLUSIVE)

    def open_to_read(self, name):
        self._with(name, access=smb2.GENERIC_READ)

    def open_to_write(self, name):
        self._with(name, access=smb2.GENERIC_WRITE)

    def open_deny_write(self, name):
        self._with(name, access=smb2.GENERIC_READ, share=smb2.SHARE_READ | smb2.SHARE_DELETE)

    def open_deny_read(self, name):
        self._with(name, access=smb2.GENERIC_READ, share=smb2.SHARE_WRITE | smb2.SHARE_DELETE)

    def make_in_it(self, name):
        self.s.close(self.s.create(f'{name}\\new', how=smb2.MAKE))

    def remove_from_it(self, name):
        self.remove(f'{name}\\there')

    def rename_in_it(self, name):
        self._with(f'{name}\\there', lambda fid: self.s.rename(fid, f'{name}\\moved'),
                   access=smb2.DELETE)


# NFSv3 with NLM

class Nfs3(Actor):
    name, exact = 'NFSv3', False
    claims = ('range shared', 'range exclusive', 'deny read', 'deny write', 'deny both')
    intents = list(PLAIN) + ['open, deny write', 'open, deny read']

    def __init__(self, w, client):
        super().__init__(w, client)
        self.n, self.nlm = client.nfs(), nlm_connect(client)
        self.svid = 0

    def end(self):
        self.n.rpc.close()
        self.nlm.rpc.close()

    def fh(self, name):
        return self.n.lookup(self.n.root, name).fh

    def _nlm(self, call, *args, **kw):
        r = call(*args, **kw)
        if r.status == nlm.DENIED:
            raise Refused('denied')
        if r.status in (nlm.GRACE, nlm.NOLOCKS, nlm.BLOCKED):
            raise Again(nlm.STATUS[r.status])
        if r.status != nlm.OK:
            raise Refused(nlm.STATUS[r.status])
        return r

    def hold(self, claim, name):
        kind, _, how = claim.partition(' ')
        fh, self.svid = self.fh(name), self.svid + 1
        svid = self.svid
        if kind == 'range':
            self._nlm(self.nlm.lock, (0, 10), svid=svid, exclusive=how == 'exclusive', fh=fh)
            return Held([Part(f'POSIX range, {how}')],
                        end=lambda: self.nlm.unlock((0, 0), svid=svid, fh=fh))
        self._nlm(self.nlm.share, svid, DENY[how], nlm.READ, fh=fh)
        return Held([Part('open', 0, A_READ, DENY[how])],
                    end=lambda: self.nlm.unshare(svid, fh=fh))

    def do(self, intent, name):
        r = getattr(self, intent.replace(', ', '_').replace(' ', '_'))(name)
        status = getattr(r, 'status', nfs3.OK)
        if status == nfs3.JUKEBOX:
            raise Again('JUKEBOX')
        if status:
            raise Refused(nfs3.STATUS.get(status, str(status))
                          if hasattr(nfs3, 'STATUS') else str(status))
        return getattr(r, 'data', None)

    def read(self, name):
        return self.n.read(self.fh(name), 0, 10)

    def write(self, name):
        return self.n.write(self.fh(name), 0, MINE)

    def truncate(self, name):
        return self.n.setattr(self.fh(name), nfs3.sattr(size=5))

    def chmod(self, name):
        return self.n.setattr(self.fh(name), nfs3.sattr(mode=0o646))

    def remove(self, name):
        return self.n.remove(self.n.root, name)

    def rename(self, name):
        return self.n.rename(self.n.root, name, self.n.root, f'{name}.new')

    def rename_over(self, name):
        return self.n.rename(self.n.root, f'{name}.other', self.n.root, name)

    def link(self, name):
        return self.n.link(self.fh(name), self.n.root, f'{name}.link')

    def lock_shared(self, name, exclusive=False):
        fh = self.fh(name)
        self._nlm(self.nlm.lock, (5, 10), svid=9999, exclusive=exclusive, fh=fh)
        self.nlm.unlock((0, 0), svid=9999, fh=fh)

    def lock_exclusive(self, name):
        self.lock_shared(name, True)

    def open_deny_write(self, name, mode=nlm.WRITE):
        fh = self.fh(name)
        self._nlm(self.nlm.share, 9999, mode, nlm.READ, fh=fh)
        self.nlm.unshare(9999, fh=fh)

    def open_deny_read(self, name):
        self.open_deny_write(name, nlm.READ)

    def make_in_it(self, name):
        return self.n.create(self.fh(name), 'new')

    def remove_from_it(self, name):
        return self.n.remove(self.fh(name), 'there')

    def rename_in_it(self, name):
        d = self.fh(name)
        return self.n.rename(d, 'there', d, 'moved')


# NFSv4

class Nfs4(Actor):
    """Common to both versions; reads and writes use the anonymous stateid."""

    exact = False
    claims = ('range shared', 'range exclusive', 'deny read', 'deny write', 'deny both',
              'read delegation', 'write delegation')

    def __init__(self, w, client):
        super().__init__(w, client)
        self.cb, self.number = Callbacks(), 0
        self.connect()
        self.root = self.c.fh('data')

    def wants(self, intent):
        if intent.startswith('lock'):
            return [Want('open', A_READ | A_WRITE)] + super().wants(intent)
        return super().wants(intent)

    def ops(self, *ops):
        """The results; the first failure is raised."""
        r = self.c.compound(*ops)
        if r.status in (DELAY, GRACE):
            raise Again(STATUS[r.status])
        if r.status:
            raise Refused(STATUS.get(r.status, str(r.status)))
        return r

    def at(self, name):
        return [nfs4.putfh(self.root), nfs4.lookup(name)]

    def opened(self, name, acc, deny=nfs4.DENY_NONE, own=None, want=nfs4.WANT_NO):
        """(OPEN's result, handle), by an open-owner of its own."""
        self.number += 1
        own = own or b'own%d' % self.number
        r, fh = self.c.open(self.root, name, acc | self.wanted(want), deny, own)
        if r.status in (DELAY, GRACE):
            raise Again(STATUS[r.status])
        if r.status:
            raise Refused(STATUS.get(r.status, str(r.status)))
        r.own, r.fh = own, fh
        return r

    def close(self, r):
        self.c.compound(nfs4.putfh(r.fh), nfs4.close(r.stateid, self.seqid(r.own)))

    # holding
    def hold(self, claim, name):
        if 'delegation' in claim:
            return self._delegation(claim, name)
        kind, _, how = claim.partition(' ')
        if kind == 'range':
            r = self.opened(name, nfs4.BOTH)
            self.lock(r, nfs4.WRITE_LT if how == 'exclusive' else nfs4.READ_LT, 0)
            return Held([Part('open', 0, A_READ | A_WRITE), Part(f'POSIX range, {how}')],
                        end=lambda: self.close(r))
        r = self.opened(name, nfs4.READ, DENY[how])
        return Held([Part('open', 0, A_READ, DENY[how])], end=lambda: self.close(r))

    def lock(self, r, kind, offset):
        """Lock with a new lock-owner."""
        new = self.seqid(r.own), 0, self.c.owner(b'lock' + r.own)
        sid = self.ops(nfs4.putfh(r.fh), nfs4.lock(kind, offset, 10, r.stateid, new=new))[-1]
        return sid.stateid

    def _delegation(self, claim, name):
        writes = claim.startswith('write')
        for _ in range(40):
            # 4.0 grants none before an owner is confirmed, and 4.1 does as is wished
            r = self.opened(name, nfs4.BOTH if writes else nfs4.READ, own=b'delegated',
                            want=None)
            if r.deleg.type == (nfs4.DELEG_WRITE if writes else nfs4.DELEG_READ):
                break
            self.close(r)
            self.told(0.05)
        else:
            raise AssertionError(f'no {claim} of {name}: {r.deleg!r}')

        def give():
            if writes:
                self.c.compound(nfs4.putfh(r.fh), nfs4.write(r.deleg.stateid, 0, NEWEST))
            self.c.compound(nfs4.putfh(r.fh), nfs4.delegreturn(r.deleg.stateid))
            held.gone = True

        def end():
            if not held.gone:
                give()
            self.close(r)
        held = Held([Part('open', 0, A_READ | (A_WRITE if writes else 0)),
                     Part('delegation', R | H | (W if writes else 0))], self._recalled, give, end)
        held.gone = False
        return held

    def _recalled(self, seconds):
        self.told(seconds)
        if self.cb.calls.empty():
            return False
        self.cb.calls.get()
        return True

    # wanting
    def do(self, intent, name):
        return getattr(self, intent.replace(', ', '_').replace(' ', '_'))(name)

    def read(self, name):
        return self.ops(*self.at(name), nfs4.read(nfs4.ANON, 0, 10))[-1].data

    def write(self, name):
        self.ops(*self.at(name), nfs4.write(nfs4.ANON, 0, MINE))

    def truncate(self, name):
        self.ops(*self.at(name), nfs4.setattr(nfs4.ANON, {'size': 5}))

    def chmod(self, name):
        self.ops(*self.at(name), nfs4.setattr(nfs4.ANON, {'mode': 0o646}))

    def remove(self, name):
        self.ops(nfs4.putfh(self.root), nfs4.remove(name))

    def _renamed(self, directory, old, new):
        self.ops(nfs4.putfh(directory), nfs4.savefh(), nfs4.rename(old, new))

    def rename(self, name):
        self._renamed(self.root, name, f'{name}.new')

    def rename_over(self, name):
        self._renamed(self.root, f'{name}.other', name)

    def link(self, name):
        self.ops(*self.at(name), nfs4.savefh(), nfs4.putfh(self.root), nfs4.link(f'{name}.link'))

    def lock_shared(self, name, kind=nfs4.READ_LT):
        r = self.opened(name, nfs4.BOTH)
        try:
            self.lock(r, kind, 5)
        finally:
            self.close(r)

    def lock_exclusive(self, name):
        self.lock_shared(name, nfs4.WRITE_LT)

    def open_to_read(self, name):
        self.close(self.opened(name, nfs4.READ))

    def open_to_write(self, name):
        self.close(self.opened(name, nfs4.WRITE))

    def open_deny_write(self, name):
        self.close(self.opened(name, nfs4.READ, nfs4.DENY_WRITE))

    def open_deny_read(self, name):
        self.close(self.opened(name, nfs4.READ, nfs4.DENY_READ))

    def directory(self, name):
        return self.ops(*self.at(name), nfs4.getfh())[-1].fh

    def make_in_it(self, name):
        self.ops(*self.at(name), nfs4.create(nfs4.DIR, 'new', {'mode': 0o755}))

    def remove_from_it(self, name):
        self.ops(*self.at(name), nfs4.remove('there'))

    def rename_in_it(self, name):
        self._renamed(self.directory(name), 'there', 'moved')


class Nfs40(Nfs4):
    name = 'NFSv4.0'

    def connect(self):
        self.listener = Listener(self.client, self.cb)
        self.conn = nfs4.connect(self.client)
        self.c = nfs4.Client40(self.conn, addr=self.listener.uaddr)
        self.seqid = self.c.seqid

    @staticmethod
    def wanted(_):
        return 0

    def told(self, seconds=0.0):
        end = time.monotonic() + seconds
        while self.cb.calls.empty() and time.monotonic() < end:
            time.sleep(0.005)
        return not self.cb.calls.empty()

    def end(self):
        # another incarnation of the client takes the place of this one, and holds nothing
        r = self.c.compound(nfs4.setclientid(self.c.name, os.urandom(8))).ok()[0]
        self.c.compound(nfs4.setclientid_confirm(r.clientid, r.confirm)).ok()
        self.conn.close()
        self.listener.__exit__()


class Nfs41(Nfs4):
    name = 'NFSv4.1'
    claims = Nfs4.claims + ('directory delegation',)

    def connect(self):
        self.conn = self.cb.on(nfs4.connect(self.client))
        self.c = nfs4.Session.make(self.conn)

    @staticmethod
    def seqid(_):
        return 0

    @staticmethod
    def wanted(want):
        return want or 0

    def told(self, seconds=0.0):
        if self.cb.calls.empty():
            self.conn.serve(max(seconds, 0.002))
        return not self.cb.calls.empty()

    def hold(self, claim, name):
        if claim != 'directory delegation':
            return super().hold(claim, name)
        fh = self.directory(name)
        got = self.ops(nfs4.putfh(fh), nfs4.get_dir_delegation())[-1]
        if got.nonfatal:
            raise AssertionError(f'no directory delegation of {name}')

        def give():
            self.c.compound(nfs4.putfh(fh), nfs4.delegreturn(got.stateid))
        return Held([Part('directory delegation', R | H)], self._recalled, give, give)

    def end(self):
        self.c.destroy()
        self.c.nfs.compound(nfs4.destroy_clientid(self.c.clientid)).ok()
        self.conn.close()


# a process of the server

class Local(Actor):
    name, exact = 'local', False
    claims = ('range shared', 'range exclusive')

    def path(self, name):
        return self.w.path(name)

    def hold(self, claim, name):
        p = Locker(self.path(name))
        p.lock(WRITE if claim.endswith('exclusive') else READ, 0, 10)
        return Held([Part(f'POSIX range, {claim.partition(" ")[2]}')], end=p.end)

    def expected(self, cells, holder, claim, parts, intent):
        """The VFS knows ranges and caches, but no deny bits and no mandatory ranges."""
        if intent.startswith('lock'):
            return matrix_outcome(cells, [p._replace(row=p.row.replace('EXACT', 'POSIX'))
                                 for p in parts if 'range' in p.row],
                         PLAIN[intent], False) if any('range' in p.row for p in parts) else (
                             self._opens(parts, A_READ | A_WRITE))
        if intent in IN_DIRECTORY:
            # fsnotify(7) reports changes after they are done
            out = matrix_outcome(cells, [p for p in parts if p.row != 'open'],
                                 self.wants(intent), False)
            return TOLD if out == BROKEN else out
        access = {'read': A_READ, 'open to read': A_READ, 'open, deny write': A_READ,
                  'open, deny read': A_READ}.get(intent, A_WRITE)
        return self._opens(parts, access)

    @staticmethod
    def _opens(parts, access):
        """A reader breaks a VFS lease for writing; every other open breaks all."""
        bits = sum(p.bits for p in parts if p.row in ('lease', 'delegation'))
        if not bits or access == A_READ and not bits & W:
            return ALLOWED
        # a lease of READ only is broken without an acknowledgment
        return TOLD if bits == R else BROKEN

    def do(self, intent, name):
        try:
            return getattr(self, intent.replace(', ', '_').replace(' ', '_'))(self.path(name))
        except OSError as e:
            raise Refused(os.strerror(e.errno)) from e

    @staticmethod
    def _with(path, flags, work=lambda fd: None):
        fd = os.open(path, flags)
        try:
            return work(fd)
        finally:
            os.close(fd)

    def read(self, path):
        return self._with(path, os.O_RDONLY, lambda fd: os.pread(fd, 10, 0))

    def write(self, path):
        self._with(path, os.O_WRONLY, lambda fd: os.pwrite(fd, MINE, 0))

    def truncate(self, path):
        os.truncate(path, 5)

    def chmod(self, path):
        os.chmod(path, 0o646)

    def remove(self, path):
        os.unlink(path)

    def rename(self, path):
        os.rename(path, f'{path}.new')

    def rename_over(self, path):
        os.rename(f'{path}.other', path)

    def link(self, path):
        os.link(path, f'{path}.link')

    def lock_shared(self, path, kind=READ):
        p = Locker(path)
        try:
            p.lock(kind, 5, 10)
        finally:
            p.end()

    def lock_exclusive(self, path):
        self.lock_shared(path, WRITE)

    def open_to_read(self, path):
        self._with(path, os.O_RDONLY)

    open_deny_write = open_deny_read = open_to_read

    def open_to_write(self, path):
        self._with(path, os.O_WRONLY)

    def make_in_it(self, path):
        put(f'{path}/new', b'')

    def remove_from_it(self, path):
        os.unlink(f'{path}/there')

    def rename_in_it(self, path):
        os.rename(f'{path}/there', f'{path}/moved')


ACTORS = (Smb, Nfs3, Nfs40, Nfs41, Local)
