"""Where Amazon's parts of receiving mail are, and a signed address (Signature Version 4) of one object."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from helpdesk.errors import Invalid

SNS = re.compile(r"^https://sns\.[a-z0-9-]{1,30}\.amazonaws\.com(?:\.cn)?/")
_BUCKET = re.compile(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
_REGION = re.compile(r"^[a-z0-9-]{1,30}$")
_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Amazon:
    """`sns` is what certificates and confirmations are fetched from; `buckets` has {region} and {bucket}."""

    sns: re.Pattern[str] = SNS
    buckets: str = "https://s3.{region}.{domain}/{bucket}"

    def bucket_address(self, bucket: str, region: str) -> str:
        """Errors: Invalid for what is no name of either."""
        if not _BUCKET.match(bucket) or not _REGION.match(region):
            raise Invalid("bucket_unknown")
        domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return self.buckets.format(region=region, domain=domain, bucket=bucket)


@dataclass(frozen=True)
class Key:
    id: str
    secret: str
    region: str


def presigned(bucket: str, name: str, key: Key, now: datetime, seconds: int = 300) -> str:
    """An address that reads one object until it ends; `bucket` is the bucket's own address."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{key.region}/s3/aws4_request"
    place = urlsplit(bucket)
    path = f"{place.path}/{quote(name, safe='/-_.~')}"
    query = "&".join(
        f"{parameter}={quote(value, safe='-_.~')}"
        for parameter, value in (
            ("X-Amz-Algorithm", _ALGORITHM), ("X-Amz-Credential", f"{key.id}/{scope}"), ("X-Amz-Date", stamp),
            ("X-Amz-Expires", str(seconds)), ("X-Amz-SignedHeaders", "host"),
        )
    )  # fmt: skip
    asked = "\n".join(("GET", path, query, f"host:{place.netloc}", "", "host", "UNSIGNED-PAYLOAD"))
    signed = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(asked.encode()).hexdigest()))
    secret = f"AWS4{key.secret}".encode()
    for part in (*scope.split("/"), signed):
        secret = hmac.digest(secret, part.encode(), "sha256")
    return f"{place.scheme}://{place.netloc}{path}?{query}&X-Amz-Signature={secret.hex()}"
