# SPDX-License-Identifier: GPL-2.0-only
"""NFS clients of the model: what all versions do by the same steps, and NFSv3 with NLM."""
import functools
import time
from types import SimpleNamespace as Result

import model_access
import model_waits
import nfs3
import nlm
import nlm_lockers
import rpc
import smb
from checks import SLOW
from model_claims import TO_THE_END, Link, Open
from model_client import DIR_NAMES, Client
from model_loop import Defect, pause
from model_waits import WAITS_MAX, Wait, Waiter
from nfs4_status import STATUS
from rpc import Enc
from truth import A_DELETE

ALICE = smb.UIDS['alice']
CRED = rpc.auth_sys(ALICE, ALICE)
DELAYED_S = 60 * SLOW
UNOPENED = 'NFSv3', 'no open'
GRACE = ('GRACE', 'grace period')       # while a client is recorded
LATER = ('DELAY', 'denied')             # while a cache is broken, or if a claim conflicts
TRIES = 5
EXIST = ('EXIST', 'NOTEMPTY', 'NOTDIR', 'ISDIR')
FILE_MODES = 0o666, 0o646, 0o664, 0o766, 0o444      # of files of alice


def span(lo, hi):
    """(offset, length) of NLM, in which 0 is to the end."""
    return lo, 0 if hi == TO_THE_END else hi - lo + 1


class Nfs(Client):
    """Names. Subclasses have the operations: remove(), rename(), link(), mkdir(), chmod(),
    attributes()."""

    STEPS = Client.STEPS | dict(do_remove=3, do_rename=3, do_link=2, do_mkdir=1, do_chmod=2)
    REFUSED = ('LOCKED', 'ACCESS', 'SHARE_DENIED', 'DELAY', 'DENIED', 'denied')

    def again(self, ask, reasons):
        """Repeat it while the answer is to come later."""
        end, tries = time.monotonic() + DELAYED_S, 0
        while True:
            r = yield from ask()
            later = r.error in LATER
            tries += later
            if not later and r.error not in GRACE or time.monotonic() > end:
                return r
            if later and tries >= TRIES and self.present(reasons()):
                return r
            yield pause(0.03)

    def patient(self, ask):
        """Repeat it for as long as the answer is to come later."""
        return self.again(ask, list)

    def file(self):
        link = self.pick(x for x in self.m.files() if x.node.fh3)
        return link and link.node

    def missing(self, error, node):
        return error in ('STALE', 'NOENT', 'stale handle') and (node.gone() or self.overlaps)

    def forbidden(self, error, node, how):
        """What is not done by an open, which the owner of a file is let do nevertheless."""
        return (error == 'ACCESS' and node.file is not node and node.file.denies and
                how in UNOPENED)

    def denied(self, node, acc, owner):
        return self.m.opens_against(node, acc) if owner is None else []

    # names
    def do_remove(self):
        link = self.pick(x for x in self.m.links() if x.parent.fh4)
        if not link:
            return
        node, parent, name = link.node, link.parent, link.name
        what = f'remove {link}'

        def reasons():
            return self.m.opens_against(node, A_DELETE) + self.m.keepers(node)

        def excused(_error):
            return self.overlaps or link.pending or reasons() or node.entries
        r = yield from self.attempt(what, lambda: self.remove(parent, name, node.is_dir), reasons,
                                    excused=excused, names=[(parent, name)])
        if not r:
            return
        if node.entries:
            raise Defect(f'{self}: {what}: it has entries')
        link.drop()
        yield from self.broken(what, (node, 'remove'), (parent, 'entry'))

    def do_rename(self):
        link = self.pick(x for x in self.m.links() if x.parent.fh4)
        if not link:
            return
        d, name = self.place(link.node.is_dir)
        if not d.fh4 or link.node.is_dir and d.below(link.node):
            return
        node, parent, old, over = link.node, link.parent, link.name, d.entries.get(name)
        what = f'rename {link} to {name} in {d}{f" over {over}" if over else ""}'

        def reasons():
            lost = [node] + ([over.node] if over and over.node is not node else [])
            return [o for it in lost
                    for o in self.m.opens_against(it, A_DELETE) + self.m.keepers(it)]

        def excused(error):
            return (self.overlaps or reasons() or link.pending or over and (
                over.pending or error in EXIST and (
                    node.is_dir != over.node.is_dir or over.node.entries)))
        same = over and over.node is node
        r = yield from self.attempt(what, lambda: self.rename(parent, old, d, name), reasons,
                                    list if same else reasons, excused,
                                    [(parent, old), (d, name)],
                                    effects=self.m.renames(node, over))
        if r and not same:
            yield from self.renamed(what, link, d, name)

    def do_link(self):
        node, (d, name) = self.file(), self.place()
        if not node or not d.fh4:
            return
        what = f'link {node} to {name} in {d}'

        def excused(error):
            return (self.missing(error, node) or
                    error == 'NOENT' and all(link.pending for link in node.links))
        if (yield from self.made(what, lambda: self.link(node, d, name), d, name, excused)):
            Link(d, name, node)
            yield from self.broken(what, (node, 'link'), (d, 'entry'))

    def do_mkdir(self):
        d, name = self.m.root, self.pick(DIR_NAMES)
        if len(self.m.dirs()) > 3:
            return
        what = f'make directory {name}'
        if (yield from self.made(what, lambda: self.mkdir(d, name), d, name, lambda error: False)):
            self.m.make(d, name, is_dir=True)
            yield from self.broken(what, (d, 'entry'))


    def may_hide(self, node, exclusive):
        """Who may keep ranges of a file to himself tells them before a test of them is answered."""
        column = f'lock {"exclusive" if exclusive else "shared"}'
        self.present([c for c, _, first in self.breaks(node, column, None, 0, 0) if first])

    def told_holder(self, what, ranges, offset, length):
        """The holder that a test tells has one of the ranges that are in the way."""
        last = TO_THE_END if length in (0, TO_THE_END) else offset + length - 1
        if not self.overlaps and not any(r.lo <= last and r.hi >= offset for r in ranges):
            raise Defect(f'{self}: {what}: {offset}-{last} is in the way, expected {ranges}')

    def do_chmod(self):
        node, mode = self.file(), self.pick(FILE_MODES)
        if not node:
            return
        what = f'change the mode of {node} to {mode:o}'
        r = yield from self.attempt(what, lambda: self.chmod(node, mode),
                                    excused=lambda error: self.missing(error, node),
                                    names=[(node, 'mode')])
        if r:
            node.edits += 1
            model_access.set_mode(node, mode)
            yield from self.broken(what, (node, 'setattr'), *self.children(node))


class Nfs3(Waiter, Nfs):
    """A client of NFSv3 that locks and shares by NLM. Its calls block, in threads."""

    STEPS = Nfs.STEPS | dict(do_create=3, do_lock=5, do_unlock=3, do_share=3, do_unshare=3,
                             do_test=2, do_wait=4, do_cancel=1)
    REFUSED = Nfs.REFUSED + ('blocked',)

    def __init__(self, client, *args):
        super().__init__(*args)
        self.client, self.shares = client, []
        self.asking = self.early = None     # a wait that is asked for; it was granted already
        self.connect()
        self.told = nlm.Granted(client, self.nlm, versions=(4,), protos=('tcp',))
        self.told.answer = self.loop.shared(self.granted)

    def connect(self):
        self.n = self.client.nfs(CRED, timeout=DELAYED_S)
        self.m.root.fh3 = self.n.root
        self.nlm = nlm_lockers.connect(self.client, timeout=DELAYED_S)
        self.nlm.raw = functools.partial(self.nlm.raw, cred=CRED)

    def drop(self):
        """End the connections."""
        self.n.rpc.close()
        self.nlm.rpc.close()

    def call(self, name, *args):
        r = yield self.loop.in_thread(getattr(self.n, name), *args)
        r.error = STATUS[r.status] if r.status else ''
        return r

    def target(self, _acc):
        """A file with (node, how it is done, owner of ranges, first argument of the call)."""
        node = self.file()
        return node and (node, 'NFSv3', None, node.fh3)

    def denied(self, node, acc, _owner):
        """The calls of a machine are not told apart by the owners of its shares."""
        return self.m.opens_against(node, acc, mine=self.shares)

    def read(self, fh, offset, count):
        return self.call('read', fh, offset, count)

    def write(self, fh, offset, data):
        return self.call('write', fh, offset, data)

    def size(self, fh, size):
        return self.call('setattr', fh, nfs3.sattr(size=size))

    def remove(self, d, name, is_dir):
        return self.call('rmdir' if is_dir else 'remove', d.fh3, name)

    def rename(self, d, old, to, new):
        return self.call('rename', d.fh3, old, to.fh3, new)

    def link(self, node, d, name):
        return self.call('link', node.fh3, d.fh3, name)

    def mkdir(self, d, name):
        return self.call('mkdir', d.fh3, name, nfs3.sattr(mode=0o777))

    def chmod(self, node, mode):
        return self.call('setattr', node.fh3, nfs3.sattr(mode=mode))

    def attributes(self, node):
        r = yield from self.call('getattr', node.fh3)
        if not r.error:
            r.attrs = dict(size=r.attr.size, numlinks=r.attr.nlink, fileid=r.attr.fileid)
        return r

    def do_create(self):
        d, name = self.place()
        if not d.fh3:
            return
        what = f'create {name} in {d}'

        def create():
            return self.call('create', d.fh3, name, nfs3.GUARDED, nfs3.sattr(mode=0o666))
        if (yield from self.made(what, create, d, name, lambda error: False)):
            self.m.make(d, name)
            yield from self.broken(what, (d, 'entry'))

    # NLM
    def ask_nlm(self, name, *args, **kw):
        r = yield self.loop.in_thread(getattr(self.nlm, name), *args, **kw)
        r.error = nlm.STATUS[r.status] if r.status else ''
        return r

    def do_lock(self):
        node = self.file()
        if not node:
            return
        svid, (lo, hi), exclusive = self.pick((1, 2)), self.range(), self.pick((True, False))
        what = f'lock {lo}-{hi} of {node} {"exclusive" if exclusive else "shared"} for {svid}'
        r = yield from self.attempt(
            what, lambda: self.ask_nlm('lock', span(lo, hi), svid=svid, exclusive=exclusive,
                                       fh=node.fh3),
            lambda: self.m.ranges_against(node, lo, hi, exclusive, (self, svid), False),
            excused=lambda error: self.missing(error, node),
            ends=self.m.ranges_of(node, (self, svid), lo, hi))
        if r:
            self.m.lock_posix(self, node, (self, svid), lo, hi, exclusive)
            yield from self.broken(what, (node, f'lock {"exclusive" if exclusive else "shared"}'))

    def granted(self, call):
        """GRANTED, maybe before the reply to LOCK is read, or after that to CANCEL. What is granted
        by the last CLOSE of a removed file is given up with the file."""
        nlm.d_granted(call)
        unheard = [w for w in self.m.unheard if w.client is self]
        for wait in self.waits() + [self.asking] * bool(self.asking) + unheard:
            if (wait.node.fh3, wait.owner[1], span(wait.lo, wait.hi), wait.exclusive) == (
                    call.fh, call.svid, call.where, call.exclusive):
                break
        else:
            of = [n for n in self.m.nodes if n.fh3 == call.fh]
            self.m.strange.append(f'{self}: {call.where} of {of or "no file"} for {call.svid} is '
                                  'granted, and nobody waits')
            return Enc().opaque(call.cookie).u32(nlm.OK).bytes()
        if wait is self.asking:
            self.early = wait
        elif wait in unheard:
            self.m.unheard.remove(wait)
        else:
            wait.set(Result(error=''))
        return Enc().opaque(call.cookie).u32(nlm.OK).bytes()

    def do_wait(self):
        """Lock a range, and wait until it is free."""
        node = self.pick(r.node for r in self.m.ranges if r.node.fh3 and not r.node.gone())
        if not node or len(self.waits()) >= WAITS_MAX:
            return
        wait = Wait(self, node, (self, self.pick((1, 2))), False, self.pick((True, False)),
                    *self.wanted(node))
        if any((w.node, w.owner, w.lo, w.hi) == (node, wait.owner, wait.lo, wait.hi)
               for w in self.waits()):
            return
        self.asking, self.early, broken = wait, None, model_waits.breaks(self.m, wait)

        def not_locked(error):
            """Another reason than ranges, and requests that wait for them."""
            return (error == 'blocked' and (self.early or broken) or self.missing(error, node) or
                    error == 'deadlock' and self.may_close_circle(wait))
        r = yield from self.attempt(
            f'lock, {wait}', lambda: self.ask_wait(wait), lambda: self.blockers(wait),
            lambda: self.in_the_way(wait), not_locked,
            ends=self.m.ranges_of(node, wait.owner, wait.lo, wait.hi))
        self.asking = None
        if r or self.early:
            self.m.grant(wait)
            yield from self.broken(f'lock, {wait}', (node, wait.column()))

    def ask_wait(self, wait):
        r = yield from self.ask_nlm('lock', span(wait.lo, wait.hi), svid=wait.owner[1],
                                    exclusive=wait.exclusive, fh=wait.node.fh3, block=True)
        if r.error == 'blocked' and not self.early:
            self.begin_wait(wait)
        return r

    def cancel(self, wait):
        """Cancel a request. One that was granted before is given back."""
        wait.ended = True
        r = yield from self.ask_nlm('cancel', span(wait.lo, wait.hi), svid=wait.owner[1],
                                    exclusive=wait.exclusive, fh=wait.node.fh3)
        self.say(f'cancel {wait} -> {r.error or "done"}')
        self.m.coverage.steps[self.kind(), 'cancel', r.error or 'done'] += 1
        if wait in self.m.waits and not r.error:
            self.m.unheard.append(wait)
            self.wait_over(wait, Result(error='cancelled'))
            return
        if r.error and not self.missing(r.error, wait.node):
            yield wait.answer
        for x in self.m.ranges_of(wait.node, wait.owner, wait.lo, wait.hi):
            yield from self.unlock(x, max(x.lo, wait.lo), min(x.hi, wait.hi))

    def do_test(self):
        """NLM_TEST, which tells a range that is in the way."""
        node = self.file()
        if not node:
            return
        svid, (lo, hi), exclusive = self.pick((1, 2)), self.range(), self.pick((True, False))
        what, r = f'test {lo}-{hi} of {node} {exclusive} for {svid}', None

        def ask():
            nonlocal r
            r = yield from self.ask_nlm('test', span(lo, hi), svid=svid, exclusive=exclusive,
                                        fh=node.fh3)
            return r

        def reasons():
            return self.m.ranges_against(node, lo, hi, exclusive, (self, svid), False)
        self.may_hide(node, exclusive)
        yield from self.attempt(what, ask, reasons,
                                excused=lambda error: self.missing(error, node))
        if r and r.error == 'denied':
            self.told_holder(what, reasons(), *r.holder.where)

    def do_unlock(self):
        r = self.pick(r for r in self.m.ranges if r.client is self)
        if r:
            yield from self.unlock(r, *self.pick([(r.lo, r.hi), self.range()]))

    def unlock(self, r, lo, hi):
        done = yield from self.attempt(
            f'unlock {lo}-{hi} of {r.node} for {r.owner[1]}',
            lambda: self.ask_nlm('unlock', span(lo, hi), svid=r.owner[1], fh=r.node.fh3),
            excused=lambda error: self.missing(error, r.node),
            ends=self.m.ranges_of(r.node, r.owner, lo, hi))
        if done:
            self.m.lock_posix(self, r.node, r.owner, lo, hi, None)

    def do_share(self):
        node, svid = self.file(), self.dice.randrange(10, 13)
        if not node or any(o.node is node and o.owner == svid for o in self.shares):
            return
        acc, deny = self.dice.randrange(1, 4), self.pick([0, 0, 1, 2, 3])
        o = Open(self, node, acc, deny, svid)
        what = f'share: {o}'
        r = yield from self.attempt(what, lambda: self.ask_nlm('share', svid, deny, acc,
                                                               fh=node.fh3),
                                    lambda: self.m.opens_against(node, acc, deny),
                                    effects=[(node, 'open', acc, deny)],
                                    excused=lambda error: self.missing(error, node))
        if r:
            self.m.opens.append(o)
            self.shares.append(o)
            yield from self.broken(what, (node, 'open'), acc=acc, deny=deny)

    def do_unshare(self):
        o = self.pick(self.shares)
        if o:
            yield from self.unshare(o)

    def unshare(self, o):
        yield from self.attempt(f'unshare: {o}', lambda: self.ask_nlm(
            'unshare', o.owner, o.deny, o.acc, fh=o.node.fh3),
            excused=lambda error: self.missing(error, o.node), ends=[o])
        self.shares.remove(o)
        self.m.opens.remove(o)

    def leave(self):
        """Give back all claims."""
        for r in [r for r in self.m.ranges if r.client is self]:
            yield from self.unlock(r, r.lo, r.hi)
        for o in self.shares[:]:
            yield from self.unshare(o)

    def end(self):
        self.told.__exit__()
        self.drop()
