# SPDX-License-Identifier: GPL-2.0-only
"""An object store that outlives its guest: disk_store.py DIR PORT

It knows GET, HEAD and PUT of objects, believes every signature, and has each object on disk before
it says so: DIR is a folder of the machine that the guest runs on.
"""
import contextlib
import hashlib
import http.server
import os
import sys


class Objects(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = 'HTTP/1.1'
    folder = ''

    def path_of(self):
        return f'{self.folder}/{hashlib.sha256(self.path.encode()).hexdigest()}'

    def answer(self, status, body=b'', length=None, tag=None):
        self.send_response(status)
        self.send_header('Content-Length', str(len(body) if length is None else length))
        if tag:
            self.send_header('ETag', f'"{tag}"')
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        try:
            with open(self.path_of(), 'rb') as f:
                data = f.read()
        except FileNotFoundError:
            self.answer(404)
            return
        head = self.command == 'HEAD'
        self.answer(200, b'' if head else data, len(data), hashlib.md5(data).hexdigest())

    do_HEAD = do_GET

    def do_PUT(self):
        if self.headers.get('Expect', '').lower() == '100-continue':
            self.send_response_only(100)
            self.end_headers()
        data = self.rfile.read(int(self.headers['Content-Length']))
        path = self.path_of()
        with open(f'{path}.new', 'wb') as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        os.rename(f'{path}.new', path)
        self.answer(200, tag=hashlib.md5(data).hexdigest())

    def log_message(self, *_):
        """Nothing is logged."""


def main():
    Objects.folder = sys.argv[1]
    with contextlib.suppress(KeyboardInterrupt):
        http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[2])), Objects).serve_forever()


main()
