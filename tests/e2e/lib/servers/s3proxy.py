# SPDX-License-Identifier: GPL-2.0-only
"""A proxy in front of an object store that misbehaves on demand: s3proxy.py DIR PORT STORE [CERT]

It listens on the loopback interface of its network namespace and connects from that of process 1.
STORE is the port of the store. With a file of a certificate and its key, it speaks TLS.
DIR/mode has what it does with requests, and may be changed at any time:

    ok          pass them on
    slow N      after N seconds
    500         answer 500 to all; "500 N" to the next N only
    page        answer with status 200 and a page to all
    down        close the connection
    hang        read requests and answer nothing
    wrong       pass on, and change a byte in the middle of bodies of answers
    short       pass on, and leave out the end of bodies of answers
    deny WORD   answer 403 to requests with this word in their path that are no lists, and to those
                to delete many objects with it in their body
    archive WORD  answer as if objects with this word in their path were archived
    only WORD   answer GETs of chunks without this word in their path when the mode is another
    throttle N  send at most N bytes of bodies of chunks in a second, to all clients together
    stall N     send the first N bytes of bodies of chunks, and no more
    creep N     the same, but 100 bytes more at each request
    no-bulk     answer 501 to POST
    old-lists   answer lists as when they were last asked for in the mode "ok"

DIR/requests gets a line for each request when its answer begins: method, path, status.
"""
import contextlib
import http.client
import http.server
import os
import socket
import ssl
import sys
import threading
import time

CLONE_NEWNET = 0x40000000


class Proxy(http.server.BaseHTTPRequestHandler):
    """One connection of a client, with one to the store."""

    protocol_version = 'HTTP/1.1'
    folder, store = '', 0
    lock = threading.Lock()
    failed = 0
    # Answers by path.
    lists = {}
    # When the line is free for the next bytes, see the mode "throttle".
    free = 0.0
    # Bytes that the mode "creep" sends more.
    crept = 0

    def setup(self):
        super().setup()
        self.upstream = http.client.HTTPConnection('127.0.0.1', self.store, timeout=120)

    def finish(self):
        self.upstream.close()
        with contextlib.suppress(OSError):
            super().finish()

    def mode(self):
        with open(f'{self.folder}/mode', encoding='ascii') as f:
            words = f.read().split()
        if words[0] == '500' and len(words) > 1:
            with self.lock:
                Proxy.failed += 1
                if Proxy.failed > int(words[1]):
                    return ['ok']
        return words

    def note(self, status):
        with self.lock, open(f'{self.folder}/requests', 'a', encoding='ascii') as f:
            f.write(f'{self.command} {self.path} {status}\n')

    def answer(self, status, headers, body):
        self.note(status)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ('content-length', 'transfer-encoding', 'connection'):
                self.send_header(name, value)
        length = dict((n.lower(), v) for n, v in headers).get('content-length', str(len(body)))
        self.send_header('Content-Length', length)
        self.end_headers()
        if self.command == 'GET' and 'chunks/' in self.path:
            self.send_slowly(body)
        elif self.command != 'HEAD':
            self.wfile.write(body)
            if int(length) != len(body):
                self.close_connection = True

    def send_slowly(self, body):
        """Send a body as the mode says."""
        sent = 0
        with self.lock:
            Proxy.crept += 100
            more = Proxy.crept
        while sent < len(body):
            what, *number = self.mode()
            number = int(number[0]) if number and number[0].isdigit() else 0
            number += more if what == 'creep' else 0
            if what in ('stall', 'creep') and sent >= number:
                time.sleep(0.1)
                continue
            step = len(body) - sent
            if what in ('stall', 'creep'):
                step = min(step, number - sent)
            elif what == 'throttle':
                step = min(step, max(number // 20, 1))
                with self.lock:
                    start = max(time.monotonic(), Proxy.free)
                    Proxy.free = start + step / number
                time.sleep(max(0, start - time.monotonic()))
            self.wfile.write(body[sent:sent + step])
            sent += step

    def pass_on(self, body):
        self.upstream.putrequest(self.command, self.path, skip_host=True,
                                 skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() != 'expect':
                self.upstream.putheader(name, value)
        self.upstream.endheaders(body)
        r = self.upstream.getresponse()
        return r.status, r.getheaders(), r.read()

    def serve(self):
        words = self.mode()
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        if words[0] == 'slow':
            time.sleep(float(words[1]))
        elif words[0] == '500':
            self.answer(500, [], b'')
            return
        elif words[0] == 'page':
            self.answer(200, [('Content-Type', 'text/html')], b'<html>We are back soon.' * 9)
            return
        elif words[0] in ('down', 'hang'):
            self.note(words[0])
            while self.mode()[0] == 'hang':
                time.sleep(0.2)
            self.close_connection = True
            return
        if words[0] == 'no-bulk' and self.command == 'POST':
            self.answer(501, [], b'')
            return
        if words[0] == 'deny' and 'prefix=' not in self.path and \
                (words[1] in self.path or
                 self.command == 'POST' and words[1].encode() in body):
            self.answer(403, [], b'')
            return
        if words[0] == 'only' and self.command == 'GET' and 'chunks/' in self.path \
                and 'prefix=' not in self.path and words[1] not in self.path:
            self.note('held')
            while self.mode() == words:
                time.sleep(0.2)
        is_list = self.command == 'GET' and 'prefix=' in self.path
        archived = words[0] == 'archive' and not is_list and words[1] in self.path
        if archived and self.command == 'GET':
            self.answer(403, [], b'<Error><Code>InvalidObjectState</Code></Error>')
            return
        if words[0] == 'old-lists' and is_list and self.path in self.lists:
            self.answer(*self.lists[self.path])
            return
        status, headers, data = self.pass_on(body)
        if archived:
            headers.append(('x-amz-storage-class', 'GLACIER'))
        if is_list and words[0] == 'ok':
            self.lists[self.path] = status, headers, data
        if words[0] == 'wrong' and data:
            middle = len(data) // 2
            data = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:]
        elif words[0] == 'short':
            data = data[:-(len(data) + 1) // 2]
        self.answer(status, headers, data)

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (OSError, http.client.HTTPException):
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = serve  # pylint: disable=invalid-name

    def log_message(self, *_):  # pylint: disable=arguments-differ
        """The requests are noted otherwise."""


def main():
    Proxy.folder, port, Proxy.store = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    http.server.ThreadingHTTPServer.daemon_threads = True
    http.server.ThreadingHTTPServer.request_queue_size = 128
    server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Proxy)
    if len(sys.argv) > 4:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[4])
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    # Threads that are started from here on connect from there.
    with open('/proc/1/ns/net', 'rb') as ns:
        libc_setns(ns.fileno())
    server.serve_forever()


def libc_setns(fd):
    """setns(2), which Python has from 3.12 on."""
    import ctypes
    if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'setns')
    socket.setdefaulttimeout(None)


if __name__ == '__main__':
    os.umask(0o077)
    main()
