"""What the web server loads: `portal.wsgi:app`."""

from portal.app import create_app
from portal.config import read_settings
from portal.shared.logs import write_json_lines

write_json_lines()
app = create_app(read_settings())
