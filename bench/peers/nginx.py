# nginx as a cache of slices of 8 MiB; the bucket lets anyone read, since nginx signs nothing.
import os

from peer import Peer, find_program
from processes import accepts, first_line, free_port

CONFIGURATION = """
{user}
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/log;
events {{ worker_connections 1024; use epoll; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  default_type application/octet-stream;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {cache} levels=1:2 keys_zone=slices:16m max_size=8g inactive=1d use_temp_path=off;
  upstream store {{ server {store}; keepalive 128; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      slice 8m;
      proxy_cache slices;
      proxy_cache_key $uri$slice_range;
      proxy_cache_valid 200 206 1d;
      proxy_cache_lock on;
      proxy_set_header Range $slice_range;
      proxy_set_header Connection "";
      proxy_http_version 1.1;
      proxy_pass http://store;
    }}
  }}
}}
"""


class Nginx(Peer):
    name = "nginx slice 8m"
    program = "nginx"

    def version(self):
        return first_line(find_program("nginx"), "-v")

    def prepare(self):
        self.port = free_port()
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(user="user root;" if os.geteuid() == 0 else "", folder=self.folder, cache=self.cache,
                                            store=self.bed.endpoint.removeprefix("http://"), port=self.port))

    @property
    def configuration(self):
        return os.path.join(self.folder, "nginx.conf")

    def command(self):
        return [find_program("nginx"), "-p", self.folder, "-c", self.configuration, "-e", self.log]

    def is_ready(self):
        return accepts(self.port)

    def target(self):
        return f"s3:http://127.0.0.1:{self.port}/{self.bed.bucket}/{self.bed.prefix}"
