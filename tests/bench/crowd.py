# SPDX-License-Identifier: GPL-2.0-only
"""Clients that call a server at the same time, each with a connection, a file and a folder."""

import concurrent.futures
import os
import shutil

import guest
import guest4
import guest_smb
import workloads

# At most so many clients of a server, and what the first names of two are apart.
CLIENTS = 16
NAMES = 100000
# Rows of the tables that are measured.
WANTED = {
    "nfs3": ("GETATTR", "LOOKUP", "READ 4 KiB", "WRITE 4 KiB", "CREATE"),
    "nfs4.1": ("GETATTR", "OPEN+CLOSE", "READ 4 KiB"),
    "smb3.1.1": ("QUERY_INFO", "OPEN+CLOSE", "READ 4 KiB", "CREATE"),
}


class Client:
    """A client with a number; @pin: it calls from the CPU of that number."""

    def __init__(self, number, pin, *args):
        super().__init__(*args)
        self.folder, self.first = (f"client{number}",), self.first + number * NAMES
        self.where = {"pin": number} if pin else {}

    def load(self, op, *args, **more):
        """Run the load generator."""
        result = super().load(op, *args, **self.where, **more)
        # Names are new ones each time.
        self.first += result["ops"] if "create" in op else 0
        return result


class Client3(Client, guest.Server):
    """A client of NFSv3."""


class Client4(Client, guest4.Server):
    """A client of NFSv4.1."""


class ClientSmb(Client, guest_smb.Server):
    """A client of SMB."""

    def start(self):
        super().start()
        top = os.path.join(self.peer.path, *self.folder)
        for name in top, f"{top}/work":
            os.mkdir(name)
            os.chmod(name, 0o777)
        shutil.copy(f"{self.peer.path}/file", top)
        os.chmod(f"{top}/file", 0o666)
        self.handles["file"] = self.link.create(f"{self.folder[0]}\\file")

    def load(self, op, *args, **more):
        if "name" in more:
            more["name"] = f"{self.folder[0]}\\{more['name']}"
        return super().load(op, *args, **more)


def together(row, clients, calls, read):
    """What read() tells more of when all clients have made so many calls at the same time."""
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        before = read()
        for result in [pool.submit(row.run, c, calls) for c in clients]:
            result.result()
        return [b - a for a, b in zip(before, read())]


def cost(row, clients, few, calls, read):
    """The same of one call; what a few calls take is subtracted, with all that is not a call."""
    less, more = (together(row, clients, n, read) for n in (few, few + calls))
    return [(b - a) / calls / len(clients) for a, b in zip(less, more)]


def client(protocol, system, number, pin=False):
    """Such a client of a system."""
    if protocol == "smb3.1.1":
        return ClientSmb(number, pin, guest_smb.peer_of(workloads.SMB[system]))
    kind = {"nfs3": Client3, "nfs4.1": Client4}[protocol]
    place = workloads.NFS.index(system) + (len(workloads.NFS) if protocol == "nfs4.1" else 0)
    return kind(number, pin, system, system, f"/bench/{system}", place * CLIENTS * NAMES)
