import json
from pathlib import Path

import numpy as np

from shared.embedders.minilm_graph import read_safetensors


def test_float_tensors_are_read_with_their_shapes_and_others_are_left_out(tmp_path: Path) -> None:
    weights = np.arange(6, dtype="<f4")
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "ids": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]},
            "dense": {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]},
        }
    ).encode()
    header += b" " * (-len(header) % 8)
    path = tmp_path / "model.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + np.array([7], "<i8").tobytes() + weights.tobytes())

    tensors = read_safetensors(path)

    assert list(tensors) == ["dense"]
    np.testing.assert_array_equal(tensors["dense"], weights.reshape(2, 3))
