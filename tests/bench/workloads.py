# SPDX-License-Identifier: GPL-2.0-only
"""Servers and operations of the load generator by protocol."""

import functools
import re

import guest
import guest4
import guest_smb
import rows
import smb_peers

SMB = {"ksmbd": smb_peers.Ksmbd, "samba": smb_peers.Samba, "ditto": smb_peers.Ditto}
NFS = ("knfsd", "ganesha", "sunrpc", "offload", "ditto")
# Protection of the sessions, by protocol.
PROTECTED = {f"smb3.1.1+{name}": name for name in ("signed", "gmac", "encrypted")}
SPEAK = {"nfs3": NFS, "nfs4.1": NFS, "smb3.1.1": tuple(SMB),
         **dict.fromkeys(PROTECTED, tuple(SMB))}
ROWS = {"nfs3": rows.nfs3, "nfs4.1": rows.nfs4, "smb3.1.1": rows.smb,
        **dict.fromkeys(PROTECTED, rows.smb_protected)}
SYSTEMS = tuple(dict.fromkeys(system for systems in SPEAK.values() for system in systems))
# Operations on the same names, in this order: behind the last one the first can be done again.
CHAIN = ("CREATE", "RENAME", "REMOVE")


def nfs(kind, wanted, systems):
    """Servers and rows of a version of NFS."""
    return [kind(name, name, f"/bench/{name}", i * 1000000)
            for i, name in enumerate(NFS) if name in systems], wanted


def smb(systems, protocol="smb3.1.1"):
    """Servers and rows of SMB."""
    guest_smb.prepare()
    protection = PROTECTED.get(protocol, "plain")
    return [guest_smb.Server(guest_smb.peer_of(kind), protection)
            for name, kind in SMB.items() if name in systems], ROWS[protocol]()


PROTOCOLS = {
    "nfs3": lambda systems: nfs(guest.Server, rows.nfs3(), systems),
    "nfs4.1": lambda systems: nfs(guest4.Server, rows.nfs4(), systems),
    "smb3.1.1": smb,
    **{protocol: functools.partial(smb, protocol=protocol) for protocol in PROTECTED},
}


def split(text):
    """(protocol, operation, outstanding) of words such as nfs3/CREATE/8, or ValueError."""
    found = re.fullmatch(r"([^/]+)/([^/]+)(?:/(\d+))?", text)
    if not found or found[1] not in ROWS:
        raise ValueError(f"{text or 'nothing'}: give PROTOCOL/OPERATION/OUTSTANDING, as "
                         f"nfs3/CREATE/8; protocols are {', '.join(ROWS)}")
    return found[1], found[2], int(found[3] or 1)


def find(table, operation, outstanding):
    """The row whose name begins with an operation, or ValueError; spaces may be left out."""
    def plain(word):
        return word.lower().replace(" ", "")

    table = list(table)
    found = [row for row in table if row.outstanding == outstanding and
             plain(row.label).startswith(plain(operation))]
    if not found:
        labels = dict.fromkeys(plain(row.label) for row in table)
        raise ValueError(f"{operation or 'nothing'} with {outstanding} outstanding: there are "
                         f"{', '.join(labels)}, with 1 and 8")
    # A name may be the beginning of another.
    return min(found, key=lambda row: len(row.label))


def wanted_of(text, system):
    """(protocol, row) of words such as nfs3/CREATE/8 for a system that speaks it, or ValueError."""
    title, operation, outstanding = split(text)
    row = find(ROWS[title](), operation, outstanding)
    if system not in SPEAK[title]:
        raise ValueError(f"{system} does not speak {title}")
    return title, row


def with_chain(table, wanted):
    """Rows of a table that are wanted, and those without which these cannot be done again."""
    chains = {row.outstanding for row in wanted if row.label in CHAIN}
    return [row for row in table
            if row in wanted or row.label in CHAIN and row.outstanding in chains]


class Repeated:
    """An operation that can be run again and again."""

    def __init__(self, row, table, server):
        self.row = find(table, row.label, row.outstanding)
        self.rows = with_chain(table, [self.row])
        self.server = server

    def run(self, count, around=lambda work: work()):
        """The result of @count calls, made inside @around."""
        result = None
        for row in self.rows:
            if row is self.row:
                result = around(lambda: self.row.run(self.server, count))
            else:
                row.run(self.server, count)
        return result
