# Who is measured, in the order of the tables.
from cachey import Cachey
from geesefs import Geesefs
from mountpoint_s3 import MountpointS3
from nginx import Nginx
from plain import Plain
from rclone import Rclone
from s3fs import S3fs
from seekfs import Balanced, FewestGets, LargePages, Latency

PEERS = [Plain, S3fs, MountpointS3, Rclone, Geesefs, Cachey, Nginx, Latency, Balanced, FewestGets, LargePages]
