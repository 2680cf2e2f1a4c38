"""Airbyte's QA checks of a connector, without the rest of their package.

The package runs Airbyte's own operations, and importing it imports clients of their clouds. The checks need none of that, so
the packages around them are created without their initializers.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

PACKAGE = "airbyte_ops_mcp"


def _without_initializer(name, directory):
    package = ModuleType(name)
    package.__path__ = [str(directory)]
    sys.modules[name] = package


_root = Path(find_spec(PACKAGE).origin).parent
for _part in ("", ".registry", ".connector_qa.checks"):
    _without_initializer(PACKAGE + _part, _root.joinpath(*_part.split(".")[1:]))

from airbyte_ops_mcp.connector_ops.utils import Connector  # noqa: E402
from airbyte_ops_mcp.connector_qa.checks import assets, documentation, metadata, packaging, security  # noqa: E402
from airbyte_ops_mcp.connector_qa.models import CheckStatus  # noqa: E402
from airbyte_ops_mcp.metadata_validator import PRE_UPLOAD_VALIDATORS, ValidatorOptions, validate_and_load  # noqa: E402

__all__ = ["PRE_UPLOAD_VALIDATORS", "CheckStatus", "Connector", "ENABLED", "ValidatorOptions", "validate_and_load"]

ENABLED = [
    check
    for module in (documentation, metadata, packaging, assets, security)
    for check in module.ENABLED_CHECKS
]
