# SPDX-License-Identifier: GPL-2.0-only
"""An object store that outlives its guest: disk_store.py DIR PORT

It knows GET (of a range, too), HEAD, PUT and DELETE of objects, lists of them and DeleteObjects,
believes every signature, and has each object on disk before it says so: DIR is a folder of the
machine that the guest runs on. Objects with the word in their names that the file DIR.retained has
are not deleted.
"""
import contextlib
import hashlib
import http.server
import os
import re
import sys
import threading
import time
import urllib.parse


class Objects(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = 'HTTP/1.1'
    # The body of an answer does not wait for the client's acknowledgment of the header.
    disable_nagle_algorithm = True
    folder = ''

    def path_of(self, path=None):
        return f'{self.folder}/{urllib.parse.quote(path or self.path, safe="")}'

    def answer(self, status, body=b'', length=None, tag=None):
        self.send_response(status)
        self.send_header('Content-Length', str(len(body) if length is None else length))
        if tag:
            self.send_header('Content-Type', 'application/octet-stream')
            self.send_header('ETag', f'"{tag}"')
        self.end_headers()
        self.wfile.write(body)

    def list(self, bucket, query):
        """ListObjects, version 1."""
        asked = dict(urllib.parse.parse_qsl(query))
        start = f'{bucket}/{asked.get("prefix", "")}'
        names = sorted(name for name in map(urllib.parse.unquote, os.listdir(self.folder))
                       if name.startswith(start) and not name.endswith('.new')
                       and name[len(bucket) + 1:] > asked.get('marker', ''))
        most = int(asked.get('max-keys', 1000))
        rows = ''
        for name in names[:most]:
            found = os.stat(f'{self.folder}/{urllib.parse.quote(name, safe="")}')
            written = time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(found.st_mtime))
            rows += (f'<Contents><Key>{name[len(bucket) + 1:]}</Key>'
                     f'<LastModified>{written}</LastModified><Size>{found.st_size}</Size>'
                     '</Contents>')
        more = str(len(names) > most).lower()
        self.answer(200, (f'<ListBucketResult><IsTruncated>{more}</IsTruncated>{rows}'
                          '</ListBucketResult>').encode())

    def do_GET(self):
        bucket, _, query = self.path.partition('?')
        if query:
            self.list(bucket.rstrip('/'), query)
            return
        try:
            with open(self.path_of(), 'rb') as f:
                self.send_object(f)
        except FileNotFoundError:
            self.answer(404)

    def send_object(self, f):
        """Answer with an object or a part of it, which the kernel copies."""
        size, start, part = os.fstat(f.fileno()).st_size, 0, self.headers.get('Range')
        end = size
        if part:
            first, last = part.removeprefix('bytes=').split('-')
            start, end = int(first), min(int(last) + 1, size)
        self.answer(206 if part else 200, length=end - start, tag='object')
        if self.command == 'HEAD':
            return
        self.wfile.flush()
        while start < end:
            start += os.sendfile(self.connection.fileno(), f.fileno(), start, end - start)

    do_HEAD = do_GET

    def read_body(self):
        if self.headers.get('Expect', '').lower() == '100-continue':
            self.send_response_only(100)
            self.end_headers()
        return self.rfile.read(int(self.headers['Content-Length']))

    def is_retained(self, name):
        with contextlib.suppress(FileNotFoundError), \
                open(f'{self.folder}.retained', encoding='ascii') as f:
            return f.read() in name
        return False

    def do_DELETE(self):
        if self.is_retained(self.path):
            self.answer(403)
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path_of())
        self.answer(204)

    def do_POST(self):
        """DeleteObjects."""
        bucket = self.path.partition('?')[0].rstrip('/')
        rows = ''
        for name in re.findall('<Key>(.*?)</Key>', self.read_body().decode()):
            if self.is_retained(name):
                rows += f'<Error><Key>{name}</Key><Code>AccessDenied</Code></Error>'
                continue
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path_of(f'{bucket}/{name}'))
            rows += f'<Deleted><Key>{name}</Key></Deleted>'
        self.answer(200, f'<DeleteResult>{rows}</DeleteResult>'.encode())

    def do_PUT(self):
        data = self.read_body()
        path = self.path_of()
        # The same object may come twice at a time.
        new = f'{path}.{threading.get_ident()}.new'
        with open(new, 'wb') as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        os.rename(new, path)
        self.answer(200, tag=hashlib.md5(data).hexdigest())

    def log_message(self, *_):
        """Nothing is logged."""


def main():
    Objects.folder = sys.argv[1]
    with contextlib.suppress(KeyboardInterrupt):
        http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[2])), Objects).serve_forever()


main()
