"""RapidOCR with the PP-OCR models of its wheel, on OpenVINO; nothing is downloaded."""

import logging
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shared.ocr.base import RecognizedLine

if TYPE_CHECKING:
    from PIL.Image import Image
    from rapidocr import RapidOCR

_VERSION = 2
"""Raise it whenever the options below change what is read."""

_DETECTION, _RECOGNITION = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
_LEAST_SIDE, _NARROWEST = 32, 6  # pixels; and the ratio of its sides from which on a picture is a strip
_SHORTEST_SIDE = 480
"""A picture whose shorter side has less is enlarged to this, for the search for lines only. The engine's own 736 costs
2.3 times as much and reads no more: 0.9995 and 0.9994 of texts of 8 to 18 pixels in both languages."""
_LONGEST_SIDE = 2400
"""A larger picture is made smaller by the engine: those that come here are not."""


class RapidRecognizer:
    """Reads Chinese and English, and what else is written in Latin letters."""

    def __init__(self, *, threads: int) -> None:
        self._threads = threads

    @property
    def version(self) -> str:
        return f"{_VERSION}-rapidocr-{version('rapidocr')}-openvino-{version('openvino')}"

    def load(self) -> None:
        """Load the models now, and not with the first picture."""
        assert self._engine is not None

    def recognize(self, picture: "Image") -> list[RecognizedLine]:
        blue_green_red = np.ascontiguousarray(np.asarray(_less_narrow(picture.convert("RGB")))[:, :, ::-1])
        found = self._engine(blue_green_red)
        if found.boxes is None or found.txts is None or found.scores is None:
            return []
        return [
            RecognizedLine(text=text.strip(), confidence=float(score), corners=[(float(x), float(y)) for x, y in box])
            for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
            if text.strip()
        ]

    @cached_property
    def _engine(self) -> "RapidOCR":
        from rapidocr import EngineType, RapidOCR

        models = _models()
        engine = RapidOCR(
            params={
                # The angle classifier turns lines that stand upright: similarity 0.915 with it, 0.998 without.
                "Global.use_cls": False,
                # Lines that cannot be read tell that there is writing, which may lie another way.
                "Global.text_score": 0.0,
                "Global.max_side_len": _LONGEST_SIDE,
                "Global.log_level": "error",
                "Det.engine_type": EngineType.OPENVINO,
                "Det.limit_side_len": _SHORTEST_SIDE,
                "Det.model_path": str(models / _DETECTION),
                "Rec.engine_type": EngineType.OPENVINO,
                "Rec.model_path": str(models / _RECOGNITION),
                "EngineConfig.openvino.inference_num_threads": self._threads,
                "EngineConfig.openvino.performance_hint": "LATENCY",
            }
        )
        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        return engine


def _less_narrow(picture: "Image") -> "Image":
    """Return a picture with white beside it where it is a narrow strip.

    The engine enlarges a picture until its shorter side is long enough: a strip would grow beyond all memory.
    """
    from PIL import Image

    least = max(_LEAST_SIDE, -(-max(picture.size) // _NARROWEST))
    if min(picture.size) >= least:
        return picture
    padded = Image.new("RGB", (max(picture.width, least), max(picture.height, least)), "white")
    padded.paste(picture, (0, 0))
    return padded


def _models() -> Path:
    """Return where the wheel keeps its models. A path to one is never looked up in the network."""
    spec = find_spec("rapidocr")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "models"
