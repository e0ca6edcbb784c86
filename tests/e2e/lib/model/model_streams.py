# SPDX-License-Identifier: GPL-2.0-only
"""Named streams in the model: SMB opens them by path, NFSv4 as named attributes.

A stream has data, share modes, ranges and caches of its own. With its file it shares the mode and
the pending removal of the name by which it was opened. One that denies deletion and an open of the
file for it exclude each other (Documentation/smb-files.md, "Share modes").
"""
import glob
import os

import nfs4
import smb2
from model_claims import Open, StreamName
from model_loop import Defect
from model_nfs4 import OPENS_MAX as NFS_OPENS_MAX, Nfs4
from model_smb import ALL, CREATED, OVERWRITTEN, RENAME, Smb, lease_key, open_text, path_of, rights
from nfs4 import getattr, getfh, putfh, savefh
from smb2 import DELETE_ON_CLOSE, MAKE, OPEN, OPEN_IF, OVERWRITE_IF
from smb_contexts import Answer
from truth import A_DELETE, A_WRITE

NAMES = 'st'
OPENS_MAX = 7


def on_disk(top, node):
    """The streams of a file, as the server keeps them."""
    return sorted(os.path.basename(path) for path in glob.glob(
        f'{top}/.ditto/streams/{node.fileid:016x}-*/*'))


def check(run):
    """Compare the names of the streams of all files."""
    for node in run.m.nodes:
        if node.fileid is None or not node.links:
            continue
        here = on_disk(run.w.export, node)
        if here != sorted(node.streams):
            raise Defect(f'{node} has the streams {here}, expected {sorted(node.streams)}')


class SmbStreams(Smb):
    """A client that opens streams, too."""

    STEPS = Smb.STEPS | dict(do_stream=8)

    def do_stream(self):
        link, name = self.pick(x for x in self.m.files() if x.node.fileid), self.pick(NAMES)
        if link and len(self.opens()) < OPENS_MAX:
            yield from self.open_stream(link, name, self.pick(
                [OPEN, OPEN, OPEN_IF, OPEN_IF, OPEN_IF, OVERWRITE_IF, MAKE]))

    def open_stream(self, file_link, name, how):
        node, d = file_link.node, file_link.parent
        acc = self.pick([1, 1, 2, 3, 3, 3, 7, 7, 4, 5])
        share = self.pick([7, 7, 7, 7, 3, 1, 0, 5, 6])
        at_close = bool(acc & A_DELETE) and self.dice.random() < 0.12
        stream = node.streams.get(name)
        parts, level, c = self.caching(stream, stream=True)
        if c and c.to is not None:
            return
        path, deny, key = f'{path_of(d, file_link.name)}:{name}', ALL & ~share, lease_key(parts)
        wants = acc | A_WRITE if how == OVERWRITE_IF else acc
        what = open_text(f'{path} ({stream.node if stream else f"new in {node}"})', acc, share, how,
                         at_close, key, level)

        def reasons():
            now = node.streams.get(name)
            return (self.m.opens_against(now.node, wants, deny) if now else []) + (
                self.m.deleters(node) if deny & A_DELETE else [])

        def excused(error):
            now = node.streams.get(name)
            pending = file_link.pending or now and now.pending
            return (self.overlaps or error in ('DELETE_PENDING', 'ACCESS_DENIED') and pending or
                    error == 'ACCESS_DENIED' and (wants if now else wants | A_WRITE) & node.denies or
                    error in ('ACCESS_DENIED', 'CANNOT_DELETE') and node.readonly or
                    error == 'OBJECT_NAME_NOT_FOUND' and not now and how == OPEN or
                    error == 'OBJECT_NAME_COLLISION' and now and how == MAKE)
        body = self.body_of(path, *parts, level=level, share=share, how=how, access=rights(acc),
                            options=DELETE_ON_CLOSE if at_close else 0)
        r = yield from self.attempt(
            what, lambda: self.ask(smb2.CREATE, body), reasons, excused=excused,
            names=[(d, file_link.name), (node, name)] +
            ([(stream.node, 'data')] if stream else []))
        if not r:
            return
        got = Answer(r.body)
        o = self.stream_opened(what, file_link, name, got, (acc, deny, at_close))
        self.granted(what, o, got, key)
        effects = [(o.node, 'open')]
        effects += [(o.node, 'size')] if got.action == OVERWRITTEN else []
        effects += [(o.node, 'remove')] if at_close else []
        yield from self.broken(what, *effects, key=self.key(o), acc=acc, deny=deny)

    def stream_opened(self, what, file_link, name, got, opened):
        """Add the open to the model, with the stream if it is new."""
        (acc, deny, at_close), node = opened, file_link.node
        stream = node.streams.get(name)
        wants = acc | A_WRITE if got.action in (CREATED, OVERWRITTEN) else acc
        if (file_link.pending or stream and stream.pending) and not self.overlaps:
            raise Defect(f'{self}: {what}: it was opened, and is to be removed')
        if (got.action == CREATED) != (stream is None):
            raise Defect(f'{self}: {what}: the action is {got.action}')
        if wants & node.denies and not self.overlaps:
            raise Defect(f'{self}: {what}: it was opened, and its list or mode forbids it')
        stream = stream or StreamName(node, name)
        if got.action == OVERWRITTEN:
            stream.node.resize(0)
        o = Open(self, stream.node, acc, deny, None, stream, file_link)
        o.fid, o.delete = got.fid, at_close
        self.m.opens.append(o)
        return o

    def do_rename(self):
        o = self.named()
        if o and o.through and o.named():
            yield from self.rename_stream(o)
        elif o and not o.through:
            yield from self.rename(o)

    def rename_stream(self, o):
        """Rename a stream, over an empty one that nobody has open (MS-FSA 2.1.5.15.11.1)."""
        node, stream, old = o.node.file, o.link, o.link.name
        name, replace = self.pick(NAMES), self.pick((True, False))
        over = node.streams.get(name)
        other = over if over is not stream else None
        what = f'rename {stream} to {name}{f" over {over}" if over else ""} replace {replace} by {o}'

        def in_the_way():
            return [p for p in self.m.opens if other and p.link is other]

        def excused(error):
            return (self.overlaps or node.readonly or other and (
                error == 'OBJECT_NAME_COLLISION' and not replace or other.pending or
                error == 'INVALID_PARAMETER' and (in_the_way() or other.node.data)))
        r = yield from self.attempt(
            what, lambda: self.set_info(o, RENAME, smb2.name_data(f':{name}', replace)),
            in_the_way, excused=excused, names=[(node, old), (node, name)])
        if not r:
            return
        if other and not replace:
            raise Defect(f'{self}: {what}: it was replaced')
        stream.move(node, name)
        yield from self.broken(what, (o.node, 'rename'), key=self.key(o))


class Nfs4Streams(Nfs4):
    """A client that opens named attributes, too."""

    STEPS = Nfs4.STEPS | dict(do_stream=6, do_unstream=2)

    def target(self, acc):
        node = self.pick(sorted({o.node for o in self.opens() if o.node.file is not o.node},
                                key=lambda node: node.number))
        if node and self.dice.random() < 0.3:
            return self.target_of(node, acc)
        return super().target(acc)

    def do_stream(self):
        link, name = self.pick(x for x in self.m.files() if x.node.fileid), self.pick(NAMES)
        if link and len(self.opens()) < NFS_OPENS_MAX:
            yield from self.open_stream(link.node, name, self.pick(
                [None, nfs4.UNCHECKED, nfs4.UNCHECKED, nfs4.GUARDED]))

    def names_of(self, node):
        """All names of a file and the attribute directory."""
        return [(link.parent, link.name) for link in node.links if link.parent]

    def open_stream(self, node, name, create):
        own, (acc, deny) = self.pick([b'first', b'other']), (
            self.dice.randrange(1, 4), self.pick([0, 0, 0, 0, 1, 2, 3]))
        stream = node.streams.get(name)
        through = node.links[0] if len(node.links) == 1 else None
        what = (f'open attribute {name} of {node} ({stream.node if stream else "new"}) as '
                f'{own.decode()}, access {acc}, deny {deny}{"" if create is None else ", create"}')

        def ask():
            r = yield from self.counted(node.fh4, nfs4.open(
                self.c.owner(own), name, acc, deny, seqid=self.seqid(own), how=create,
                attrs=None if create is None else {}), own,
                before=(nfs4.openattr(create is not None),), after=(getfh(), getattr('change')))
            if not r.error:
                yield from self.confirm(r.of('open'), r.of('getfh').fh, own)
            return r

        def reasons():
            now = node.streams.get(name)
            return self.m.opens_against(now.node, acc, deny) if now else []

        def excused(error):
            now = node.streams.get(name)
            return (self.overlaps or now and now.pending or any(x.pending for x in node.links) or
                    error == 'NOENT' and not now or error == 'ACCESS' and node.denies or
                    error == 'EXIST' and now and create == nfs4.GUARDED or
                    self.missing(error, node))
        r = yield from self.attempt(what, ask, reasons, excused=excused,
                                    names=[*self.names_of(node), (node, name)])
        if not r:
            return
        if through and through.pending or stream and stream.pending:
            raise Defect(f'{self}: {what}: it was opened, and is to be removed')
        if not stream and create is None:
            raise Defect(f'{self}: {what}: it was opened, and is not there')
        if acc & node.denies and not node.list and not self.overlaps:
            raise Defect(f'{self}: {what}: it was opened, and its mode forbids it')
        stream, got = stream or StreamName(node, name), r.of('open')
        if stream.node.fh4 not in (None, r.of('getfh').fh):
            raise Defect(f'{self}: {what}: it has another handle than {stream.node}')
        stream.node.fh4 = r.of('getfh').fh
        self.add_open(what, stream, got, (acc, deny, own), through)
        self.granted(what, stream.node, got.deleg, r[-1].attrs['change'])
        yield from self.broken(what, (stream.node, 'open'), acc=acc, deny=deny)

    def do_unstream(self):
        """Remove or rename a named attribute."""
        stream = self.pick(x for x in self.m.streams() if x.parent.fh4 and x.parent.links)
        if not stream:
            return
        node, name, to = stream.parent, stream.name, self.pick(NAMES)
        if self.dice.random() < 0.5:
            yield from self.remove_stream(node, stream)
        elif to != name:
            yield from self.rename_attr(node, stream, name, to)

    def remove_stream(self, node, stream):
        name, what = stream.name, f'remove {stream}'

        def reasons():
            return self.m.opens_against(stream.node, A_DELETE)
        r = yield from self.attempt(
            what, lambda: self.last(putfh(node.fh4), nfs4.openattr(), nfs4.remove(name)), reasons,
            excused=lambda error: (self.overlaps or reasons() or stream.pending or
                                   self.missing(error, node) or
                                   error == 'ACCESS' and node.denies),
            names=[*self.names_of(node), (node, name)])
        if r:
            stream.drop()
            yield from self.broken(what, (stream.node, 'remove'))

    def rename_attr(self, node, stream, name, to):
        over = node.streams.get(to)
        what = f'rename {stream} to {to}{f" over {over}" if over else ""}'

        def reasons():
            return self.m.opens_against(stream.node, A_DELETE) + (
                self.m.opens_against(over.node, A_DELETE) if over else [])
        r = yield from self.attempt(
            what, lambda: self.last(putfh(node.fh4), nfs4.openattr(), savefh(),
                                    nfs4.rename(name, to)), reasons,
            excused=lambda error: (self.overlaps or reasons() or stream.pending or
                                   over and over.pending or
                                   self.missing(error, node) or
                                   error == 'ACCESS' and node.denies),
            names=[*self.names_of(node), (node, name), (node, to)])
        if r:
            stream.move(node, to)
            yield from self.broken(what, (stream.node, 'rename'),
                                   *([(over.node, 'replace')] if over else []))
