"""What the web server loads: `portal.wsgi:app`."""

import gc
import sys

from portal.app import create_app
from portal.config import read_settings
from portal.shared.errors import ConfigurationError
from portal.shared.logs import write_json_lines

write_json_lines()
try:
    app = create_app(read_settings())
except ConfigurationError as problem:
    sys.exit(f"portal: {problem}")
gc.collect()
gc.freeze()  # what the start has made stays for ever: no collection need look at it again
