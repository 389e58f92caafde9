"""A web server on this machine that can be made to fail in the ways that real ones do."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class CorpusServer(ThreadingHTTPServer):
    """Serves `files` by name.

    Attributes:
        asked: every request's file and Range.
        statuses: of the requests to come, instead of an answer.
        cuts: of the answers to come, after how many bytes of the body the connection is cut.
        honours_range: whether part of a file can be had.
        tells_length: whether there is a Content-Length.
        headers: sent along.
        redirects: of the requests to come: where they are sent on to, with a body without end.
        go_on: while it is not set, answers stop after half of the body.
    """

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.asked: list[tuple[str, str | None]] = []
        self.statuses: list[int] = []
        self.cuts: list[int] = []
        self.honours_range = self.tells_length = True
        self.headers: dict[str, str] = {}
        self.redirects: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/some/folder"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass  # a client that was killed is part of the tests


class _Handler(BaseHTTPRequestHandler):
    server: CorpusServer

    def do_GET(self) -> None:
        server = self.server
        name = self.path.removeprefix("/some/folder/")
        server.asked.append((name, self.headers["Range"]))
        if server.statuses:
            return self.send_error(server.statuses.pop(0))
        if server.redirects:
            self.send_response(302)
            self.send_header("Location", server.redirects.pop(0))
            self.end_headers()
            while True:  # until the client has had enough
                self.wfile.write(bytes(1 << 16))
        if name not in server.files:
            return self.send_error(404)
        content = server.files[name]
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        if asked and server.honours_range:
            start = int(asked[1])
        if start and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
        elif start:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        body = content[start:]
        if server.tells_length:
            self.send_header("Content-Length", str(len(body)))
        for key, value in server.headers.items():
            self.send_header(key, value)
        self.end_headers()
        sent = body[: server.cuts.pop(0)] if server.cuts else body
        self.wfile.write(sent[: len(sent) // 2])
        self.wfile.flush()
        server.go_on.wait()
        return self.wfile.write(sent[len(sent) // 2 :]) and None

    def log_message(self, format, *arguments):
        pass
