"""What is wrong with a request, field by field, in the client's language."""

from collections.abc import Mapping, Sequence

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from api.language import Language
from shared.errors import InvalidRequest

MAX_LISTED = 50
"""A body of 10,000 wrong ids needs no answer of 10,000 lines."""

PLACES = frozenset({"body", "query", "path", "header"})

REASONS: Mapping[str, tuple[str, str]] = {
    "missing": ("必填", "is required"),
    "extra_forbidden": ("未知字段", "unknown field"),
    "json_invalid": ("不是有效的JSON", "not valid JSON"),
    "model_type": ("必须是JSON对象", "must be a JSON object"),
    "model_attributes_type": ("必须是JSON对象", "must be a JSON object"),
    "string_type": ("必须是字符串", "must be a string"),
    "string_unicode": ("不能包含空字符或无效的Unicode", "must not contain NUL or lone surrogates"),
    "dict_type": ("必须是JSON对象", "must be a JSON object"),
    "list_type": ("必须是数组", "must be an array"),
    "tuple_type": ("必须是数组", "must be an array"),
    "int_type": ("必须是整数", "must be a whole number"),
    "int_parsing": ("必须是整数", "must be a whole number"),
    "int_from_float": ("必须是整数", "must be a whole number"),
    "int_parsing_size": ("数值过大", "the number is too large"),
    "string_too_short": ("至少{min_length}个字符", "at least {min_length} characters"),
    "string_too_long": ("最多{max_length}个字符", "at most {max_length} characters"),
    "too_long": ("最多{max_length}项", "at most {max_length} items"),
    "too_short": ("至少{min_length}项", "at least {min_length} items"),
    "greater_than_equal": ("不能小于{ge}", "must be at least {ge}"),
    "less_than_equal": ("不能大于{le}", "must be at most {le}"),
    "enum": ("必须是以下之一：{expected}", "must be one of {expected}"),
    "characters": ("不能包含空字符或无效的Unicode", "must not contain NUL or lone surrogates"),
    "depth": ("嵌套层数过多", "nested too deeply"),
    "operator": ("字段名不能以$开头", "a field name must not begin with $"),
    "number": ("数值超出范围", "the number is out of range"),
    "time": ("必须是ISO 8601时间", "must be an ISO 8601 time"),
    "datetime_parsing": ("必须是ISO 8601时间", "must be an ISO 8601 time"),
    "datetime_from_date_parsing": ("必须是ISO 8601时间", "must be an ISO 8601 time"),
    "datetime_object_invalid": ("必须是ISO 8601时间", "must be an ISO 8601 time"),
    "recursion_loop": ("嵌套层数过多", "nested too deeply"),
    "too_large_to_keep": ("过大，无法保存", "is too large to be kept"),
    "page_range": ("不能小于page_start", "must not be less than page_start"),
    "overlap": ("不能超过max_tokens的一半", "must be at most half of max_tokens"),
    "full_sync_documents": ("full_sync时必须为空", "must be empty for full_sync"),
    "blank": ("不能为空", "must not be blank"),
    "prefix": ("必须以/结尾", "must end with /"),
    "json_expected": ("Content-Type必须是application/json", "Content-Type must be application/json"),
    "multipart_expected": (
        "Content-Type必须是multipart/form-data",
        "Content-Type must be multipart/form-data with a boundary",
    ),
    "no_file": ("缺少名为file的文件", "there is no part named `file` with a file in it"),
    "no_filename": ("缺少文件名", "the part has no file name"),
    "malformed": ("multipart内容不完整或格式错误", "the multipart body is malformed or was cut off"),
    "silent": ("上传中断：长时间没有收到数据", "the upload stood still for too long"),
    "body_too_large": ("请求体过大", "the body is too large"),
    "event_id": ("不是本服务发出的事件编号", "must be the id of an event of this service"),
    "no_bucket": ("该知识库没有s3_bucket", "the knowledge base has no s3_bucket"),
    "no_buckets": ("对象存储不是S3", "the object store of this service is not S3"),
    "bucket_not_allowed": ("不允许使用该存储桶", "this bucket may not be used"),
    "prefix_too_long": ("过长", "is too long"),
    "own_area": ("位于服务自身的文件区域", "lies among the files of the service"),
    "unreadable": ("无法解析请求体", "the body cannot be read"),
}
"""What each kind of error says; the kinds are those of pydantic and our own."""

CHINESE: Mapping[str, str] = {english: chinese for chinese, english in REASONS.values()}


class BadField(InvalidRequest):
    """Invalid request"""

    def __init__(self, field: str, kind: str) -> None:
        super().__init__(field, REASONS[kind][1])


def problem(kind: str) -> PydanticCustomError:
    """Make the error that a validator raises."""
    return PydanticCustomError(kind, "{reason}", {"reason": REASONS[kind][1]})


def from_pydantic(error: ValidationError, place: str) -> RequestValidationError:
    """Make the error of a body that was parsed by us the same as of one that FastAPI parsed."""
    errors = error.errors(include_url=False, include_input=False)
    return RequestValidationError([{**each, "loc": (place, *each["loc"])} for each in errors])


def in_language(error: InvalidRequest, language: Language) -> InvalidRequest:
    """Word the reasons of an error for the client; those that nothing above lists stay English."""
    listed = error.details.get("errors")
    if language == "en" or not isinstance(listed, list):
        return error
    worded = [{**each, "reason": CHINESE.get(each["reason"], each["reason"])} for each in listed]
    return InvalidRequest("", "", details={**error.details, "errors": worded})


def invalid_request(errors: Sequence[ErrorDetails], language: Language) -> InvalidRequest:
    """Turn what FastAPI found into the error with its list of fields and reasons."""
    listed = [
        {
            "field": _field(each["loc"]),
            "reason": _worded(each["type"], each.get("ctx", {}), each["msg"], language),
        }
        for each in errors[:MAX_LISTED]
    ]
    first = listed[0] if listed else {"field": "body", "reason": ""}
    return InvalidRequest(first["field"], first["reason"], details={"errors": listed})


def _field(loc: Sequence[int | str]) -> str:
    """Name a field as a client would: `chunking.max_tokens`, `document_ids[3]`; `body` for the body as a whole."""
    parts = list(loc)
    place = str(parts.pop(0)) if parts and parts[0] in PLACES else ""
    name = ""
    for part in parts:
        name += f"[{part}]" if isinstance(part, int) else f".{part}"
    if not name or name.startswith("["):
        return place or name
    return name.removeprefix(".")


def _worded(kind: str, context: Mapping[str, object], otherwise: str, language: Language) -> str:
    if kind not in REASONS:
        return otherwise
    if language == "en":
        return REASONS[kind][1].format_map(context)
    expected = str(context.get("expected", "")).replace(" or ", ", ").replace("'", "").replace(", ", "、")
    return REASONS[kind][0].format_map({**context, "expected": expected})
