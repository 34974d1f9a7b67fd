import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

# snippet
import hashlib
import hmac
import time


def is_genuine(secret: str, header: str, raw_body: bytes) -> bool:
    """`header` is PhoneVoice-Signature, `raw_body` the bytes of the request before any parsing."""
    timestamp = header.split(",")[0].split("=")[-1]
    signature = header.split(",")[-1].split("=")[-1]
    expected = hmac.new(secret.encode(), timestamp.encode() + b"." + raw_body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature) and abs(time.time() - int(timestamp)) < 300
# end of snippet


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        raw_body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        header = self.headers.get("PhoneVoice-Signature", "")
        genuine = is_genuine(os.environ["WEBHOOK_SECRET"], header, raw_body)
        self.send_response(200 if genuine else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if genuine:
            print(json.loads(raw_body)["event"], flush=True)

    def log_message(self, *args):
        pass


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver).serve_forever()
