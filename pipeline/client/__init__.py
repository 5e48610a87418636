"""The platform over HTTP, one file per resource. `open_platform` is the way in."""

from pipeline.client.accounting import counted_requests
from pipeline.client.platform import Platform, open_platform
from pipeline.client.upload_session import UploadSession

__all__ = ["Platform", "UploadSession", "counted_requests", "open_platform"]
