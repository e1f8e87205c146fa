"""A small site for scanners: it reads what it is sent, to the end, and answers every path with one page."""
import http.server

PAGE = b"<!DOCTYPE html><html><head><title>Site</title></head><body><p>Welcome</p></body></html>"


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        if "chunked" in self.headers.get("transfer-encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                self.rfile.read(size + 2)
            while self.rfile.readline().strip():
                pass
        else:
            self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(PAGE)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(PAGE)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ValueError):
            # Who was asked for left in the middle.
            pass

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


server = Server(("127.0.0.1", 0), Site)
print("listens on 127.0.0.1:%d" % server.server_address[1], flush=True)
server.serve_forever()
