# A bare S3 client for tests: what other tools do to a bucket. One signed request a call (AWS Signature Version 4).
"""Standard library only. Keys are signed as S3 does: encoded once, not normalised."""
import datetime
import hashlib
import hmac
import http.client
import urllib.parse
import xml.etree.ElementTree

EMPTY = hashlib.sha256(b"").hexdigest()
VERSIONING = '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>{}</Status></VersioningConfiguration>'


class S3Client:
    """Requests to one bucket, path-style, at http://127.0.0.1:PORT."""

    def __init__(self, endpoint, bucket, access_key, secret_key, region="us-east-1"):
        self.host = urllib.parse.urlsplit(endpoint).netloc
        self.bucket, self.access_key, self.secret_key, self.region = bucket, access_key, secret_key, region

    def request(self, method, key, query=(), body=b"", headers=()):
        """(status, headers with lower-case names, body)."""
        path = "/" + self.bucket + ("/" + urllib.parse.quote(key, safe="/-_.~") if key else "")
        encoded = "&".join(f"{urllib.parse.quote(name, safe='-_.~')}={urllib.parse.quote(value, safe='-_.~')}"
                           for name, value in sorted(query))
        headers = {**dict(headers), **self.signature(method, path, encoded, body)}
        connection = http.client.HTTPConnection(self.host, timeout=60)
        try:
            connection.request(method, path + ("?" + encoded if encoded else ""), body=body or None, headers=headers)
            reply = connection.getresponse()
            return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
        finally:
            connection.close()

    def signature(self, method, path, query, body):
        moment = datetime.datetime.now(datetime.timezone.utc)
        time, day = moment.strftime("%Y%m%dT%H%M%SZ"), moment.strftime("%Y%m%d")
        content = hashlib.sha256(body).hexdigest() if body else EMPTY
        signed = {"host": self.host, "x-amz-content-sha256": content, "x-amz-date": time}
        names = ";".join(sorted(signed))
        canonical = "\n".join([method, path, query, *(f"{name}:{signed[name]}" for name in sorted(signed)), "", names, content])
        scope = f"{day}/{self.region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + self.secret_key).encode()
        for part in (day, self.region, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        proof = hmac.digest(key, text.encode(), "sha256").hex()
        return {"x-amz-content-sha256": content, "x-amz-date": time,
                "authorization": f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, SignedHeaders={names}, Signature={proof}"}

    def call(self, method, key, query=(), body=b""):
        status, headers, text = self.request(method, key, query, body)
        if status >= 300:
            raise AssertionError(f"{method} {self.bucket}/{key}: {status} {text[:500]}")
        return headers, text

    def put(self, key, body):
        """The version id, or None."""
        return self.call("PUT", key, body=body)[0].get("x-amz-version-id")

    def delete(self, key):
        self.call("DELETE", key)

    def exists(self, key):
        return self.request("HEAD", key)[0] == 200

    def keys(self, prefix=""):
        """All keys below a prefix, of 1,000 objects at most."""
        _, text = self.call("GET", "", [("list-type", "2"), ("prefix", prefix)])
        return sorted(one.text for one in xml.etree.ElementTree.fromstring(text).findall(".//{*}Key"))

    def enable_versioning(self):
        self.call("PUT", "", [("versioning", "")], VERSIONING.format("Enabled").encode())
