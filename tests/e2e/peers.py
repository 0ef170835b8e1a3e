"""Peers that take a database's place and misbehave, each in its manner."""

import os
import socket
import ssl
import threading
import time

from e2e import DIR

HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"


class Peer:
    """Listens, and treats whoever comes in its manner, each on a thread of its own."""

    def __init__(self, manner, accepts=True, port=0):
        self.socket = socket.create_server(("127.0.0.1", port), backlog=512 if accepts else 0)
        self.port = self.socket.getsockname()[1]
        self.manner, self.kept = manner, []
        if accepts:
            threading.Thread(target=self.serve, daemon=True).start()
        else:
            self.fill()

    def fill(self):
        """The queue of connections nobody accepts: from here on the system answers none."""
        for _ in range(8):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", self.port))
            self.kept.append(s)

    def serve(self):
        while True:
            try:
                s = self.socket.accept()[0]
            except OSError:   # stopped
                return
            threading.Thread(target=self.meet, args=(s,), daemon=True).start()

    def stop(self):
        """The port is free again; who waits in accept() would not hear of a mere close."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def meet(self, s):
        try:
            self.manner(s)
        except OSError:
            pass
        finally:
            s.close()


def silent(s):
    while s.recv(4096):
        pass


def drips(s):
    s.recv(8)
    for byte in b"S" + b"\x16\x03\x03\x7f\xff" + b"\0" * 30:
        s.sendall(bytes([byte]))
        time.sleep(1)


def speaks_http(s):
    s.recv(8)
    s.sendall(HTTP)
    silent(s)


def closes(s):
    s.recv(8)


def closes_after_yes(s):
    s.recv(8)
    s.sendall(b"S")
    s.recv(4096)


def stalls(s):
    s.recv(8)
    s.sendall(b"S")
    silent(s)


def stalls_in_login(s):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(DIR, "server.crt"), os.path.join(DIR, "server.key"))
    s.recv(8)
    s.sendall(b"S")
    with context.wrap_socket(s, server_side=True) as tls:
        while tls.recv(4096):
            pass
