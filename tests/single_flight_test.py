#!/usr/bin/env python3
# Whole-program test: a thousand readers of one cold page make exactly one GET at the origin.
import json
import selectors
import socket

import harness
from harness import PAGE, blob, oracle

READERS = 1000


class SingleFlightTest(harness.NodeTest):
    def setUp(self):
        super().setUp()
        self.publish({"page.bin": oracle("page.bin", PAGE)})
        self.node.start()
        # The manifest is loaded, so that what is counted is the page alone.
        self.assertEqual(self.get(f"/files?ns={harness.NS}").status, 200)
        self.assertEqual(self.origin_gets(), 0)

    def open_readers(self, count):
        """Connected sockets; one thread drives them all, so that the client is no bottleneck."""
        sockets = []
        for _ in range(count):
            sockets.append(socket.create_connection(self.node.daemon.address, 60))
            self.addCleanup(sockets[-1].close)
        return sockets

    def read_all(self, sockets):
        """What each connection received until the daemon closed it."""
        received = {reader: bytearray() for reader in sockets}
        with selectors.DefaultSelector() as selector:
            for reader in sockets:
                reader.setblocking(False)
                selector.register(reader, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(60)
                self.assertTrue(ready, f"{len(selector.get_map())} readers wait in vain")
                for key, _ in ready:
                    piece = key.fileobj.recv(1 << 20)
                    if piece:
                        received[key.fileobj] += piece
                    else:
                        selector.unregister(key.fileobj)
        return received.values()

    def test_a_thousand_readers_of_one_cold_page(self):
        request = f"GET {blob('page.bin')} HTTP/1.1\r\nHost: 127.0.0.1:{self.node.daemon.address[1]}\r\nConnection: close\r\n\r\n".encode()
        sockets = self.open_readers(READERS)
        for reader in sockets:
            reader.sendall(request)
        right = 0
        for reply in self.read_all(sockets):
            head, _, body = bytes(reply).partition(b"\r\n\r\n")
            self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head[:200])
            self.assertEqual(body, self.files["page.bin"])
            right += 1
        self.assertEqual(right, READERS)
        self.assertEqual(self.origin_gets(), 1)

    def test_one_readv_that_names_one_page_a_thousand_times(self):
        body = json.dumps([{"path": "page.bin", "off": n, "len": 1} for n in range(READERS)]).encode()
        with self.node.daemon.connect() as connection:
            reply = connection.request("POST", f"/readv?ns={harness.NS}", body)
        self.assert_bytes(reply, self.files["page.bin"][:READERS])
        self.assertEqual(self.origin_gets(), 1)


if __name__ == "__main__":
    harness.main()
