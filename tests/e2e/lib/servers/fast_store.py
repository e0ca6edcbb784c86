# SPDX-License-Identifier: GPL-2.0-only
"""An object store without a proxy in front."""
import os
import re

import servers
from files import put
from stores import PROXY_PORT, Store, start_disk_store


class FastStore(Store):
    """Files that curl gets without a proxy in between."""

    timeout = 60

    # pylint: disable=super-init-not-called
    def __init__(self, world):
        self.world, self.server, self.packing = world, world.server, 'on'
        self.folder, self.bucket, self.port = f'{world.base}/store', 'bucket', PROXY_PORT
        self.objects = f'{world.base}/objects'
        os.makedirs(self.objects)
        start_disk_store(self.server.ns, self.folder, self.objects)
        self.conf = self.server.conf or servers.LISTENERS
        self.configure('key-file = {folder}/key')
        self.ready()

    def curl(self):
        """Get all chunks, over one connection."""
        names = re.findall('<Key>(chunks/.*?)</Key>', self.server.ns.run(
            'curl', '-sS', f'http://127.0.0.1:{PROXY_PORT}/{self.bucket}?prefix=chunks/'))
        config = ''.join(f'url = http://127.0.0.1:{PROXY_PORT}/{self.bucket}/{name}\n'
                         'output = /dev/null\n' for name in names)
        put(f'{self.folder}/curl', config)
        self.server.ns.run('curl', '-sSf', '-K', f'{self.folder}/curl', timeout=600)
