"""JSON bodies within bounds, holding nothing that PostgreSQL cannot store."""

import json
from typing import Any, BinaryIO

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser


class TooLarge(APIException):
    status_code = 413
    default_detail = "The body is too large."
    default_code = "too_large"


class BoundedJSONParser(JSONParser):
    def parse(self, stream: BinaryIO, media_type: str | None = None, parser_context: Any = None) -> Any:
        length = int(parser_context["request"].META.get("CONTENT_LENGTH") or 0)
        if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge(f"A body has at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes, not {length:,}.")
        try:
            data = super().parse(stream, media_type, parser_context)
            text = json.dumps(data, ensure_ascii=False)
            text.encode()
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except UnicodeEncodeError as error:
            raise ParseError("The JSON holds half of a surrogate pair, which is no character.") from error
        if "\\u0000" in text:
            raise ParseError("The JSON holds a NUL character; remove it.")
        return data
