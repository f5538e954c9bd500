"""How Sphinx builds these pages: `make docs`, where every warning is an error."""

from lowpan import __version__

project = "lowpan"
author = "The lowpan authors"
project_copyright = "2026, The lowpan authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"

html_theme = "furo"
html_title = f"lowpan {__version__}"
html_show_sphinx = False
