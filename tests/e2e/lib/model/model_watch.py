# SPDX-License-Identifier: GPL-2.0-only
"""A client of the model that watches the tree: it is told of each change of a name, once."""
import smb2
import smbraw
from model_claims import Open
from model_loop import Defect, Future
from model_smb import SYNCHRONIZE, Smb
from smb2 import DIRECTORY_FILE, OPEN
from smb_bodies import ChangeNotify
from smb_watchers import CLEANUP, NAMES, NEW_NAME, OLD_NAME, ROOM, TREE, Watcher
from truth import A_READ


class Sink:
    """What takes the answer of a request in the place of a future."""

    def __init__(self, func):
        self.set = func


class Watch(Smb):
    """A session with CHANGE_NOTIFY of the whole tree, which does no steps."""

    STEPS = {}
    asked = None            # the number of the last request
    watches = True

    def begin(self):
        """Open the root, and watch from now on."""
        root = self.m.root
        r = yield from self.ask(smb2.CREATE, self.body_of(
            '', how=OPEN, options=DIRECTORY_FILE, access=SYNCHRONIZE | 0x81))
        o = self.open_of_root = Open(self, root, A_READ, 0, None, root.links[0])
        o.fid, self.heard = r.body[64:80], []
        self.m.opens.append(o)
        root.changes.clear()
        self.armed = Future()
        self.watch()
        # what changes before the server has the first request is not told
        yield self.armed

    def pending(self, number):
        if number == self.asked:
            self.armed.set(None)

    def watch(self):
        watch = ChangeNotify(flags=TREE, room=ROOM, fid=self.open_of_root.fid, filter=NAMES)
        self.asked = self.s.send(smb2.CHANGE_NOTIFY, bytes(watch))
        self.waiting[self.asked] = Sink(self.hear)

    def hear(self, answer):
        """Keep what a response tells, and ask for more."""
        if answer.error == smbraw.name(CLEANUP):
            return
        if answer.error:
            raise Defect(f'{self}: CHANGE_NOTIFY: {answer.error}')
        self.heard += Watcher.changes(answer.body)
        self.watch()

    def check(self, in_order):
        """Compare what was heard with the changes since the last time."""
        want = self.m.root.changes

        def same():
            return sorted(self.heard) == sorted(want)
        try:
            self.loop.until('changes', same, 10)
        except Defect:
            raise Defect(f'{self} heard {self.heard}, expected {want}') from None
        if in_order and self.heard != want:
            raise Defect(f'{self} heard {self.heard} in another order than {want}')
        for i, (action, name) in enumerate(self.heard):
            if action == OLD_NAME and self.heard[i + 1][0] != NEW_NAME:
                raise Defect(f'{self} heard {self.heard}: {name} is not followed by its new name')
        self.heard.clear()
        want.clear()
