"""The blueprint that the pages of the books share."""

from flask import Blueprint

bp = Blueprint("accounting", __name__)
