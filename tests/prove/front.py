"""What stands between credtop and an AWS of one's own: it passes bytes on, or does not, or is a
stranger with a certificate of another authority."""

import os
import select
import socket
import ssl
import subprocess
import threading

PASSES, REFUSES, SILENT, STRANGER = "passes", "refuses", "silent", "stranger"


def make_certificates(folder, name, variables):
    """Of `name`, by an authority that is made for it: paths of authority, certificate, key.  `variables`: those
    of the programs that make them, which may be told another time."""
    path = lambda what: os.path.join(folder, what)
    with open(path("ext"), "w", encoding="ascii") as f:
        f.write(f"subjectAltName=DNS:{name}\n")
    make = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for command in (
            [*make, "-x509", "-days", "400", "-subj", "/CN=authority", "-keyout", path("ca.key"), "-out", path("ca.pem")],
            [*make, "-subj", "/CN=aws", "-keyout", path("key.pem"), "-out", path("csr.pem")],
            ["openssl", "x509", "-req", "-days", "400", "-in", path("csr.pem"), "-CA", path("ca.pem"), "-CAkey",
             path("ca.key"), "-CAcreateserial", "-extfile", path("ext"), "-out", path("cert.pem")]):
        subprocess.run(command, check=True, capture_output=True, timeout=60, env=variables)
    return path("ca.pem"), path("cert.pem"), path("key.pem")


class Front:
    """Listens on a port of the system's choice for the one of `port`."""

    def __init__(self, port, stranger):
        """`stranger`: certificate and key of another authority, for the same name."""
        self.behind, self.mode, self.open = port, PASSES, set()
        self.lock, self.ended = threading.Lock(), False
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*stranger)
        self.port = 0
        self.listen()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def listen(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        self.listener.listen(64)

    def be(self, mode):
        """From now on; what is connected is cut off, as a kept connection would know nothing of it."""
        with self.lock:
            was, self.mode = self.mode, mode
            if mode == REFUSES:
                self.listener.close()
            elif was == REFUSES:
                self.listen()
        self.cut()

    def cut(self):
        with self.lock:
            for s in list(self.open):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def run(self):
        while not self.ended:
            with self.lock:
                listener = self.listener if self.mode != REFUSES else None
            if not listener:
                threading.Event().wait(0.02)
                continue
            try:
                if select.select([listener], [], [], 0.05)[0]:
                    threading.Thread(target=self.serve, args=(listener.accept()[0], self.mode), daemon=True).start()
            except (OSError, ValueError):   # closed meanwhile
                continue

    def serve(self, near, mode):
        with self.lock:
            self.open.add(near)
        far = None
        try:
            if mode == SILENT:
                near.recv(1)   # nothing is answered, until it is cut
                while near.recv(65536):
                    pass
            elif mode == STRANGER:
                self.context.wrap_socket(near, server_side=True).recv(1)
            else:
                far = socket.create_connection(("127.0.0.1", self.behind))
                self.relay(near, far)
        except OSError:   # which a TLS client that hangs up is, too
            pass
        finally:
            with self.lock:
                self.open.discard(near)
            near.close()
            if far:
                far.close()

    @staticmethod
    def relay(near, far):
        while True:
            for s in select.select([near, far], [], [])[0]:
                data = s.recv(65536)
                if not data:
                    return
                (far if s is near else near).sendall(data)

    def stop(self):
        self.ended = True
        self.cut()
        self.thread.join(5)
        if self.mode != REFUSES:
            self.listener.close()
