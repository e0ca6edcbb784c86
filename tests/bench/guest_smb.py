# SPDX-License-Identifier: GPL-2.0-only
"""Servers of SMB for the load generator: sessions that it uses after they are authenticated."""

import contextlib
import functools
import os
import subprocess
import time

import guest
import smb_peers
import smbraw

# More than the charge of all calls that are outstanding.
CREDITS = 512
# What an ECHO asks for.
CREDITS_ASKED = 64
# Algorithms that a client offers to sign and to encrypt with, by the name of the protection.
OFFERS = {
    "plain": ((), ()),
    "signed": ((smbraw.AES_CMAC,), ()),
    # The server chooses: one that does not know AES-GMAC signs with AES-CMAC.
    "gmac": ((smbraw.AES_GMAC, smbraw.AES_CMAC), ()),
    "encrypted": ((), (smbraw.GCM,)),
}
SIGNING = {smbraw.AES_CMAC: "cmac", smbraw.AES_GMAC: "gmac"}


class Local(contextlib.nullcontext):
    """A client in the same network namespace."""

    server_addr = "127.0.0.1"


class Server:
    """A peer, a session with it, and files to work on."""

    listed = guest.LISTED
    started = set()

    def __init__(self, peer, protection="plain", first=0):
        self.peer = peer
        self.protection = protection
        self.label = self.kind = peer.name
        self.first = first
        self.link = None
        self.handles = {"none": b""}

    def start(self):
        """Start the server, if that was not done, and open the file."""
        if self.peer not in self.started:
            self.peer.start()
            self._make_files()
            self.started.add(self.peer)
        end = time.monotonic() + 60
        while not self.link:
            try:
                self._connect()
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
        self.handles["file"] = self.link.create("file")

    def _make_files(self):
        top = self.peer.path
        for name in ("list", "work"):
            os.mkdir(f"{top}/{name}")
            os.chmod(f"{top}/{name}", 0o777)
        for i in range(guest.LISTED):
            with open(f"{top}/list/entry-{i:04}", "wb"):
                pass
        with open(f"{top}/file", "wb") as f:
            f.write(os.urandom(1 << 20) * (guest.FILE_SIZE >> 20))
        os.chmod(f"{top}/file", 0o666)

    def _connect(self):
        signing, ciphers = OFFERS[self.protection]
        link = smbraw.Link(Local(), port=self.peer.port).negotiate(ciphers=ciphers,
                                                                   signing=signing)
        share = self.peer.share
        for call in (lambda: link.login(smb_peers.USER), lambda: link.connect_tree(share)):
            status = call()
            if status != "SUCCESS":
                raise ConnectionError(f"{self.label}: {status}")
            # The tree is connected by a signed request (section 3.3.5.7 of MS-SMB2).
            link.sign = not link.sign
        link.sign = bool(signing)
        link.seal = bool(ciphers)
        for _ in range(CREDITS // CREDITS_ASKED + 1):
            link.echo()
        self.link = link

    def load(self, op, handle, count, outstanding, after=0, **more):
        """Run the load generator once; returns its results as a dictionary of numbers.

        The first name has the number @after behind that of the server.
        """
        link = self.link
        words = [f"op={op}", f"fd={link.socket.fileno()}", f"mid={link.next_id}",
                 f"clientid={link.session}", f"tree={link.tree}",
                 f"fh={self.handles[handle].hex()}", f"count={count}",
                 f"outstanding={outstanding}", f"first={self.first + after}",
                 *(f"{k}={v}" for k, v in more.items())]
        if link.seal:
            words.append(f"seal={link.out_key.hex()}{link.in_key.hex()}")
        elif link.sign:
            words.append(f"sign={SIGNING[link.signing]}:{link.sign_key.hex()}")
        link.socket.settimeout(None)
        try:
            result = guest.generate(words)
        except OSError as e:
            # What is still to come on this connection is unknown.
            self._connect()
            self.handles["file"] = self.link.create("file")
            raise RuntimeError(f"{self.label}: {' '.join(words)}: {e}") from e
        link.next_id = result["mid"]
        return result


@functools.cache
def peer_of(kind):
    """The peer of a class, one for all that speak to it."""
    return kind()


@functools.cache
def prepare():
    """Folders and accounts for the peers."""
    for folder in smb_peers.BASE, "/bench/smb":
        os.makedirs(folder)
    subprocess.run(["mount", "--bind", "/bench/smb", smb_peers.BASE], check=True)
    smb_peers.make_user()
