# SPDX-License-Identifier: GPL-2.0-only
"""The file system by itself: what an operation takes without any server.

ditto_vfs_load.ko does the same on the tmpfs that is served: by path, or with an open file what a
server does with a file that it has found.
"""

import os
import subprocess

import guest

LOAD = "/sys/kernel/debug/ditto_vfs_load/run"
# As large as ditto_vfs_load.ko takes it to be.
DATA_SIZE = 32 << 20
# What belongs to an operation of a server, and in which folder it is done. Attributes of entries
# are part of a listing, as every server has to read them. A READ of 1 MiB has none: servers lend
# the pages of the file. Nor has a WRITE of 1 MiB: servers take less than the floor and the file
# system together.
SAME = {
    "GETATTR": ("getattr", "few"),
    "ACCESS": ("access", "few"),
    "LOOKUP": ("stat-work", "many"),
    "STAT": ("stat-work", "many"),
    "OPEN+CLOSE": ("open-work", "many"),
    "CREATE": ("create", "few"),
    "RENAME": ("rename", "many"),
    "REMOVE": ("unlink", "few"),
    "LOCK+LOCKU": ("lock", "few"),
    "READDIRPLUS 1000": ("attrs", "many"),
    "READDIR 1000": ("attrs", "many"),
    "LIST 1000": ("dosattrs", "many"),
    "READ 4 KiB": ("read-4k", "few"),
    "READ_PLUS 4 KiB": ("read-4k", "few"),
    "WRITE 4 KiB": ("write-4k", "few"),
    "WRITE 4 KiB sync": ("write-4k", "few"),
}


class FileSystem:
    """Stands among the servers, and does without network what can be done so."""

    label = kind = "fs"

    def __init__(self):
        self.top = "/bench/fs"

    def start(self):
        """Make the files: a folder with names to make and remove, and one with many that stay."""
        subprocess.run(["modprobe", "ditto_vfs_load"], check=True)
        for folder in "few", "many":
            os.makedirs(f"{self.top}/{folder}/work")
        for i in range(guest.LISTED):
            with open(f"{self.top}/many/work/file-{i:06}", "wb"):
                pass
        with open(f"{self.top}/few/data", "wb") as f:
            f.write(os.urandom(1 << 20) * (DATA_SIZE >> 20))

    def can(self, label):
        """Whether an operation of a server has its like here."""
        return label in SAME

    def answer(self, label, count):
        """Do it; the result is like that of the load generator, without a client."""
        operation, folder = SAME[label]
        if folder == "many":
            count = min(count, guest.LISTED)
        if operation == "rename":
            # Each second one undoes the one before.
            count = max(count - count % 2, 2)
        with open(LOAD, "w", encoding="ascii") as f:
            f.write(f"{operation} {count} {self.top}/{folder}")
        with open(LOAD, encoding="ascii") as f:
            return {"ns": int(f.read()) * count, "cpu": 0, "units": count}
