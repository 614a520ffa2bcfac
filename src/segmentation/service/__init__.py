"""The HTTP service: the API's endpoint `GET /v1/customers/{customerId}/segments` over a store of segments and customers.

from segmentation.service import Service, Settings, create_app
"""

try:
    import fastapi  # noqa: F401 - asked first, so that its absence is told of once for all
    import sqlalchemy  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(f'segmentation.service needs {error.name}: pip install "segmentation[service]"', name=error.name) from None

from segmentation.service.app import ServiceRoute, create_app
from segmentation.service.endpoint import Service
from segmentation.service.settings import Settings, SettingsError
from segmentation.service.store import StoreError

__all__ = ["Service", "ServiceRoute", "Settings", "SettingsError", "StoreError", "create_app"]
